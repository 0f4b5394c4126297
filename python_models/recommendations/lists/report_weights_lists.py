"""The study's combination of recommenders, by fixed weights; some users at a time."""

import pandas as pd
from music_box.frames import enumerated, typed
from music_box.parallel import in_order
from music_box.recommendations.warehouse.report_weights import report_weights_lists
from music_box.recommendations.warehouse.split_data import LIST_TYPES

# Each part is a scan of all sources; the more there are, the less is in memory at once.
PARTS = 6


def model(dbt, session):
    places = dbt.config.get("meta")["places"]
    sources = enumerated(dbt.ref("report_weights_sources"), ["split", "source"])
    weights = dbt.ref("recommender_weights").df()
    parts = (sources.filter(f"user_id % {PARTS} = {part}").df() for part in range(PARTS))
    lists = in_order(lambda part: report_weights_lists(part, weights, places), parts)
    return typed(session, pd.concat(lists, ignore_index=True), LIST_TYPES)
