"""To which cluster of like taste each user of the utility matrix belongs."""

from music_box.frames import typed
from music_box.recommendations.warehouse.contents import MEMBER_TYPES, cluster_members_of
from music_box.recommendations.warehouse.split_data import read_splits


def model(dbt, session):
    meta = dbt.config.get("meta")
    splits = dbt.ref("recommendation_splits")
    examples = dbt.ref("recommendation_examples")
    users = dbt.ref("recommendation_users")
    catalogue = dbt.ref("recommendation_catalogue")
    exclusions = dbt.ref("recommendation_exclusions")
    tuning = dbt.ref("recommender_tuning")
    data = read_splits(
        ["serve"], splits, examples, users, catalogue, exclusions, meta["liked_rating"]
    )
    return typed(session, cluster_members_of(tuning.df(), data), MEMBER_TYPES)
