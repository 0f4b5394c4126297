"""The report's grid search over random forests."""

from music_box.churn.training import fit_estimators


def model(dbt, session):
    settings = dbt.config.get("meta")
    examples = dbt.ref("churn_fit_examples")
    return fit_estimators("tuned_random_forest", examples.df(), settings)
