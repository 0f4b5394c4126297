"""The report's gradient boosting."""

from music_box.churn.training import fit_estimators


def model(dbt, session):
    settings = dbt.config.get("meta")
    examples = dbt.ref("churn_fit_examples")
    return fit_estimators("gradient_boosting", examples.df(), settings)
