"""The report's random forest."""

from music_box.churn.training import fit_estimators


def model(dbt, session):
    settings = dbt.config.get("meta")
    examples = dbt.ref("churn_fit_examples")
    return fit_estimators("random_forest", examples.df(), settings)
