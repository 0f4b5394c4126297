"""The songs nearest to each song, by the study's cosine of ratings."""

from music_box.frames import typed
from music_box.recommendations.warehouse.contents import NEIGHBOR_TYPES, neighbors_of


def model(dbt, session):
    fits = dbt.ref("recommender_fits")
    catalogue = dbt.ref("recommendation_catalogue").filter("split = 'serve'")
    return typed(session, neighbors_of(fits.df(), catalogue.df()), NEIGHBOR_TYPES)
