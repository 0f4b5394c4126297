"""What every fitted model says of train users (in-sample, out-of-fold), test users and today's."""

from music_box.churn.scoring import TYPES, score
from music_box.frames import typed


def model(dbt, session):
    fits = dbt.ref("churn_fits")
    examples = dbt.ref("churn_examples")
    today = dbt.ref("churn_scoring_set")
    return typed(session, score(fits.df(), examples.df(), today.df()), TYPES)
