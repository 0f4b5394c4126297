"""Factors of users, as the served recommenders see them."""

from music_box.frames import streamed
from music_box.recommendations.warehouse.contents import USER_FACTOR_TYPES, user_factors_of
from music_box.recommendations.warehouse.split_data import read_splits


def model(dbt, session):
    meta = dbt.config.get("meta")
    splits = dbt.ref("recommendation_splits")
    examples = dbt.ref("recommendation_examples")
    users = dbt.ref("recommendation_users")
    catalogue = dbt.ref("recommendation_catalogue")
    exclusions = dbt.ref("recommendation_exclusions")
    fits = dbt.ref("recommender_fits")
    data = read_splits(
        ["serve"], splits, examples, users, catalogue, exclusions, meta["liked_rating"]
    )
    return streamed(session, user_factors_of(fits.df(), data), USER_FACTOR_TYPES)
