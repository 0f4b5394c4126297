"""Songs for every user of the utility matrix, by the recommenders and their blend."""

from music_box.frames import streamed
from music_box.recommendations.warehouse.chosen import Settings
from music_box.recommendations.warehouse.lists import served_lists
from music_box.recommendations.warehouse.split_data import LIST_TYPES, read_splits


def model(dbt, session):
    meta = dbt.config.get("meta")
    splits = dbt.ref("recommendation_splits")
    examples = dbt.ref("recommendation_examples")
    users = dbt.ref("recommendation_users")
    catalogue = dbt.ref("recommendation_catalogue")
    exclusions = dbt.ref("recommendation_exclusions")
    fits = dbt.ref("recommender_fits").df()
    tuning = dbt.ref("recommender_tuning").df()
    data = read_splits(
        ["serve"], splits, examples, users, catalogue, exclusions, meta["liked_rating"]
    )
    lists = served_lists(data, fits, tuning, Settings(**meta["settings"]))
    return streamed(session, lists, LIST_TYPES)
