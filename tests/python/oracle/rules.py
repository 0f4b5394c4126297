"""The numbers of the specification: the vars of dbt_project.yml, with a run's overrides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

PROJECT_FILE = Path(__file__).parents[3] / "dbt_project.yml"


@dataclass(frozen=True)
class Rules:
    """Every var that a mart depends on; the names are those of dbt_project.yml."""

    delivery_name_pattern: str
    log_fields: dict[str, list[str]]
    feature_window_days: int
    label_window_days: int
    backtest_snapshots: int
    backtest_step_days: int
    backtest_label_days: int
    snapshot_dates: list[date]
    required_events: list[str]
    largest_missing_day_share: float
    bot_percentile: float
    bot_rule_min_users: int
    human_daily_records: int
    user_sample_fraction: float
    outlier_percentile: float
    zero_play_time_is_missing: bool
    seconds_per_day: float
    completion_band_borders: list[float]
    early_skip_seconds: float
    liked_rating: float
    evening_start_hour: int
    train_fraction: float
    histogram_bins_per_decade: int
    validation_days: int
    test_fraction: float
    validation_fraction: float
    matrix_minimum_songs: int
    catalogue_size: int
    evaluation_users: int
    candidate_count: int
    dislike_minimum_plays: int
    informative_p_value: float
    informative_effect_size: float


def rules(overrides: dict[str, Any] | None = None) -> Rules:
    """The project's vars, some of them replaced as `--vars` replaces them."""
    values = yaml.safe_load(PROJECT_FILE.read_text())["vars"] | (overrides or {})
    known = {name: values[name] for name in Rules.__dataclass_fields__}
    known["snapshot_dates"] = [date.fromisoformat(text) for text in known["snapshot_dates"]]
    return Rules(**known)
