"""Why the champion gives each user of the scoring snapshot his score."""

from music_box.churn.explanation import TYPES, leading_contributions
from music_box.frames import typed


def model(dbt, session):
    fits = dbt.ref("churn_fits")
    models = dbt.ref("churn_models")
    today = dbt.ref("churn_scoring_set")
    return typed(session, leading_contributions(fits.df(), models.df(), today.df()), TYPES)
