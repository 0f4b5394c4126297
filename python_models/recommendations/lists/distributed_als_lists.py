"""Lists by Spark's own alternating least squares: for users and songs that no machine holds."""

from music_box.recommendations.warehouse.distributed import als_lists


def model(dbt, session):
    settings = dbt.config.get("meta")
    examples = dbt.ref("recommendation_examples")
    users = dbt.ref("recommendation_users")
    catalogue = dbt.ref("recommendation_catalogue")
    exclusions = dbt.ref("recommendation_exclusions")
    return als_lists(examples, users, catalogue, exclusions, settings)
