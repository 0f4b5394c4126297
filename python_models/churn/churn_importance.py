"""What each model's score hangs on: its own measure, permutation on test users, direction."""

from music_box.churn.importance import feature_importance


def model(dbt, session):
    settings = dbt.config.get("meta")
    fits = dbt.ref("churn_fits")
    examples = dbt.ref("churn_examples")
    snapshots = dbt.ref("int_snapshots")
    return feature_importance(fits.df(), examples.df(), snapshots.df(), settings)
