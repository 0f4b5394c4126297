"""What every fitted model says of train users (in-sample, out-of-fold), test users and today's."""

from music_box.churn.scoring import TYPES, score
from music_box.frames import typed


def model(dbt, session):
    fits = dbt.ref("churn_fits")
    examples = dbt.ref("churn_examples")
    features = dbt.ref("user_features")
    is_scored = dbt.ref("int_snapshots").filter("role = 'scoring'").project("snapshot_date")
    today = features.join(is_scored, "snapshot_date")
    return typed(session, score(fits.df(), examples.df(), today.df()), TYPES)
