"""Why the champion gives each user of the scoring snapshot his score."""

from music_box.churn.explanation import leading_contributions


def model(dbt, session):
    settings = dbt.config.get("meta")
    fits = dbt.ref("churn_fits")
    models = dbt.ref("churn_models")
    features = dbt.ref("user_features")
    snapshots = dbt.ref("int_snapshots")
    return leading_contributions(
        fits.df(), models.df(), features.df(), snapshots.df(), settings
    )
