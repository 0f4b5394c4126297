"""Every file of the folder of deliveries, scanned once: what it is, and where to read its lines."""

from pathlib import Path

from music_box.landing import land_folder


def model(dbt, session):
    settings = dbt.config.get("meta")
    deliveries = dbt.source("player_logs", "deliveries")
    any_delivery = Path(deliveries.limit(1).fetchall()[0][0])
    return land_folder(
        raw_logs=any_delivery.parent,
        landing=Path(settings["landing"]),
        name_pattern=settings["delivery_name_pattern"],
        log_fields=settings["log_fields"],
    )
