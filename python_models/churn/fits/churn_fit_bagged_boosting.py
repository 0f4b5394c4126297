"""The challenger, on all features and on the study's alone: what the others are worth."""

import pandas as pd
from music_box.churn.training import TYPES, fit_estimators
from music_box.frames import typed


def model(dbt, session):
    settings = dbt.config.get("meta")
    examples = dbt.ref("churn_examples").df()
    families = [
        dbt.ref("ftr_play_completion"),
        dbt.ref("ftr_play_time"),
        dbt.ref("ftr_event_frequency"),
        dbt.ref("ftr_recency"),
        dbt.ref("ftr_profile"),
    ]
    name, keys = "bagged_boosting", ["snapshot_date", "user_id"]
    report = [column for family in families for column in family.columns if column not in keys]
    fits = [
        fit_estimators(examples, name, settings),
        fit_estimators(
            examples, f"{name}_report_features", {**settings, "only_training": True}, name, report
        ),
    ]
    return typed(session, pd.concat(fits), TYPES)
