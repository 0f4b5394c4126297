"""How much each recommender counts in the blend, for everybody and for each cluster of users."""

from music_box.frames import typed
from music_box.recommendations.warehouse.contents import WEIGHT_TYPES, weights_of


def model(dbt, session):
    splits = dbt.ref("recommendation_splits")
    tuning = dbt.ref("recommender_tuning")
    return typed(session, weights_of(tuning.df(), splits.df()), WEIGHT_TYPES)
