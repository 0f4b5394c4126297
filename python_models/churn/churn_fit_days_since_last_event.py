"""The baseline: nothing but the days of silence, calibrated like every model."""

from music_box.churn.training import fit_estimators


def model(dbt, session):
    settings = dbt.config.get("meta")
    examples = dbt.ref("churn_fit_examples")
    return fit_estimators("days_since_last_event", examples.df(), settings)
