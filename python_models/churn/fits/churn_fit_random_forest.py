"""The study's random forest."""

from music_box.churn.training import TYPES, fit_estimators
from music_box.frames import typed


def model(dbt, session):
    settings = dbt.config.get("meta")
    examples = dbt.ref("churn_examples")
    return typed(session, fit_estimators(examples.df(), "random_forest", settings), TYPES)
