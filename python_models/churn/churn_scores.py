"""Scores of every fitted model: train users, users of the other folds, test users, today's users."""

from music_box.churn.scoring import score


def model(dbt, session):
    settings = dbt.config.get("meta")
    fits = dbt.ref("churn_fits")
    examples = dbt.ref("churn_examples")
    features = dbt.ref("user_features")
    snapshots = dbt.ref("int_snapshots")
    return score(fits.df(), examples.df(), features.df(), snapshots.df(), settings)
