"""The recommenders behind the served lists, tuned, fitted on everything known today."""

from music_box.frames import typed
from music_box.recommendations.warehouse.chosen import Settings
from music_box.recommendations.warehouse.fits import FIT_TYPES, fits_of_served
from music_box.recommendations.warehouse.split_data import read_splits


def model(dbt, session):
    meta = dbt.config.get("meta")
    splits = dbt.ref("recommendation_splits")
    examples = dbt.ref("recommendation_examples")
    users = dbt.ref("recommendation_users")
    catalogue = dbt.ref("recommendation_catalogue")
    exclusions = dbt.ref("recommendation_exclusions")
    tuning = dbt.ref("recommender_tuning").df()
    data = read_splits(
        ["serve"], splits, examples, users, catalogue, exclusions, meta["liked_rating"]
    )
    return typed(session, fits_of_served(data, tuning, Settings(**meta["settings"])), FIT_TYPES)
