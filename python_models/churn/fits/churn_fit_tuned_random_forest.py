"""The study's grid search over random forests."""

from music_box.churn.training import TYPES, fit_estimators
from music_box.frames import typed


def model(dbt, session):
    settings = dbt.config.get("meta")
    examples = dbt.ref("churn_examples")
    return typed(session, fit_estimators(examples.df(), "tuned_random_forest", settings), TYPES)
