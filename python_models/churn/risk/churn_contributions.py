"""Why the champion gives each user of the scoring snapshot their score."""

from music_box.churn.explanation import TYPES, leading_contributions
from music_box.frames import typed


def model(dbt, session):
    fits = dbt.ref("churn_fits")
    models = dbt.ref("churn_models")
    features = dbt.ref("user_features")
    is_scored = dbt.ref("int_snapshots").filter("role = 'scoring'").project("snapshot_date")
    today = features.join(is_scored, "snapshot_date")
    return typed(session, leading_contributions(fits.df(), models.df(), today.df()), TYPES)
