"""Songs for the users by whom recommenders are judged, from fit parts without the test."""

from music_box.frames import streamed
from music_box.recommendations.warehouse.chosen import Settings
from music_box.recommendations.warehouse.lists import judged_lists
from music_box.recommendations.warehouse.split_data import LIST_TYPES, read_splits


def model(dbt, session):
    meta = dbt.config.get("meta")
    splits = dbt.ref("recommendation_splits")
    examples = dbt.ref("recommendation_examples")
    users = dbt.ref("recommendation_users")
    catalogue = dbt.ref("recommendation_catalogue")
    exclusions = dbt.ref("recommendation_exclusions")
    tuning = dbt.ref("recommender_tuning").df()
    every = read_splits(
        ["random", "temporal"], splits, examples, users, catalogue, exclusions, meta["liked_rating"]
    )
    # all at once: while lists stream into the table, the session cannot be asked
    data = list(every)
    lists = judged_lists(data, tuning, Settings(**meta["settings"]))
    return streamed(session, lists, LIST_TYPES)
