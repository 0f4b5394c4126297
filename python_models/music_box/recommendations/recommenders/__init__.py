"""Recommenders: each learns from a sparse matrix of users and items, and scores items for users.

A user to be scored is a row of items, whether or not the user was among those learnt from.
"""

from music_box.recommendations.recommenders.autoencoder import LinearAutoencoder
from music_box.recommendations.recommenders.base import Arrays, FactorRecommender, Recommender
from music_box.recommendations.recommenders.factors import (
    NonNegativeFactors,
    SpectralFilter,
    TruncatedSvd,
)
from music_box.recommendations.recommenders.least_squares import AlternatingLeastSquares
from music_box.recommendations.recommenders.neighbors import (
    ItemItem,
    ItemItemMean,
    ItemNeighbors,
    UserNeighbors,
)

__all__ = [
    "AlternatingLeastSquares",
    "Arrays",
    "FactorRecommender",
    "ItemItem",
    "ItemItemMean",
    "ItemNeighbors",
    "LinearAutoencoder",
    "NonNegativeFactors",
    "Recommender",
    "SpectralFilter",
    "TruncatedSvd",
    "UserNeighbors",
]
