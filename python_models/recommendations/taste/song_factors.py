"""Factors of songs, as the served recommenders have learnt them."""

from music_box.frames import typed
from music_box.recommendations.warehouse.contents import SONG_FACTOR_TYPES, song_factors_of


def model(dbt, session):
    fits = dbt.ref("recommender_fits")
    catalogue = dbt.ref("recommendation_catalogue").filter("split = 'serve'")
    return typed(session, song_factors_of(fits.df(), catalogue.df()), SONG_FACTOR_TYPES)
