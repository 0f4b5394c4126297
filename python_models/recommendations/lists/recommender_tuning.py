"""What each recommender is tuned to, and how the blend weighs them, chosen on validation parts."""

from music_box.frames import typed
from music_box.recommendations.warehouse.chosen import TUNING_TYPES, Settings, choose
from music_box.recommendations.warehouse.split_data import read_splits


def model(dbt, session):
    meta = dbt.config.get("meta")
    splits = dbt.ref("recommendation_splits")
    examples = dbt.ref("recommendation_examples")
    users = dbt.ref("recommendation_users")
    catalogue = dbt.ref("recommendation_catalogue")
    exclusions = dbt.ref("recommendation_exclusions")
    weights = dbt.ref("recommender_weights").df()
    data = read_splits(
        ["random", "temporal", "serve"],
        splits,
        examples,
        users,
        catalogue,
        exclusions,
        meta["liked_rating"],
    )
    return typed(session, choose(data, weights, Settings(**meta["settings"])), TUNING_TYPES)
