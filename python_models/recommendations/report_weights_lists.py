"""The report's combination of recommenders, by fixed weights; some users at a time."""

import pandas as pd
from music_box.frames import enumerated, typed
from music_box.recommendations.report_weights import TYPES, report_weights_lists

PARTS = 16


def model(dbt, session):
    places = dbt.config.get("meta")["places"]
    sources = enumerated(dbt.ref("report_weights_sources"), ["split", "source"])
    weights = dbt.ref("recommender_weights").df()
    parts = [
        report_weights_lists(sources.filter(f"user_id % {PARTS} = {part}").df(), weights, places)
        for part in range(PARTS)
    ]
    return typed(session, pd.concat(parts, ignore_index=True), TYPES)
