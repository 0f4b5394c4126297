"""Every file of the folder of deliveries, scanned once: what it is, and where to read its lines."""

import os
from pathlib import Path

from music_box.forgetting import forgotten_users
from music_box.landing import land_folder
from music_box.publishing.replacing import ServedLogs, check_logs


def model(dbt, session):
    settings = dbt.config.get("meta")
    deliveries = dbt.source("player_logs", "deliveries")
    any_delivery = Path(deliveries.limit(1).fetchall()[0][0])
    check_logs(
        ServedLogs.of(any_delivery.parent, settings["generated_logs_marker"]),
        Path(settings["published"]),
        os.environ,
    )
    forgotten = dbt.ref("forgotten_users").df().to_dict("records")
    return land_folder(
        raw_logs=any_delivery.parent,
        landing=Path(settings["landing"]),
        name_pattern=settings["delivery_name_pattern"],
        log_fields=settings["log_fields"],
        # the key comes from the environment itself: dbt writes its settings to its artifacts
        forgotten=forgotten_users(forgotten, os.environ),
    )
