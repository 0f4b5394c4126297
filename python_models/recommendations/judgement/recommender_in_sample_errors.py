"""The errors that the study printed: how well recommenders reproduce what they learnt from."""

from music_box.frames import typed
from music_box.recommendations.warehouse.in_sample import ERROR_TYPES, in_sample_errors


def model(dbt, session):
    meta = dbt.config.get("meta")
    splits = dbt.ref("recommendation_splits").filter("split = 'temporal'")
    ratings = dbt.ref("report_ratings")
    errors = in_sample_errors(ratings.df(), splits.df(), meta["factors"], meta["seed"])
    return typed(session, errors, ERROR_TYPES)
