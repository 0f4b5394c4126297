"""What each model's scores hang on: its own measure, permutation on test users, direction."""

from music_box.churn.importance import TYPES, feature_importance
from music_box.frames import typed


def model(dbt, session):
    settings = dbt.config.get("meta")
    fits = dbt.ref("churn_fits")
    test_users = dbt.ref("churn_examples").filter("split = 'test'")
    return typed(session, feature_importance(fits.df(), test_users.df(), settings), TYPES)
