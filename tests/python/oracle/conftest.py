"""Warehouses that are held to the oracle, each built once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import QUICK_MODELS, Warehouse, build

from oracle.dirt import add_odd_deliveries
from oracle.marts import Expected, expect
from oracle.rules import rules

# Every var at another value than the default, and snapshots of every role.
OTHER_VARS: dict[str, Any] = {
    "feature_window_days": 20,
    "label_window_days": 7,
    "snapshot_dates": [
        *["2017-03-15", "2017-04-05", "2017-04-20", "2017-04-26"],
        *["2017-05-01", "2017-05-02", "2017-05-10"],
    ],
    "bot_percentile": 0.98,
    "bot_rule_min_users": 100,
    "human_daily_records": 200,
    "user_sample_fraction": 0.5,
    "outlier_percentile": 0.98,
    "zero_play_time_is_missing": True,
    "seconds_per_day": 400,
    "completion_band_borders": [0.0, 0.25, 0.5, 0.6, 0.75],
    "early_skip_seconds": 45,
    "liked_rating": 3,
    "evening_start_hour": 20,
    "train_fraction": 0.6,
    "histogram_bins_per_decade": 5,
    "validation_days": 5,
    "test_fraction": 0.3,
    "validation_fraction": 0.4,
    "matrix_minimum_songs": 8,
    "catalogue_size": 300,
    "evaluation_users": 60,
    "candidate_count": 20,
    "dislike_minimum_plays": 2,
    "informative_p_value": 0.9,
    "informative_effect_size": 0.01,
}
SMALL_LOGS = ("--users", "400", "--first-date", "2017-03-10", "--last-date", "2017-05-03")


@dataclass(frozen=True)
class Compared:
    """A warehouse beside what the oracle says it should hold."""

    warehouse: Warehouse
    expected: Expected


def build_with(logs: Path, folder: Path, variables: dict[str, Any], *arguments: str) -> Warehouse:
    """`dbt build` with other vars, but for models, which the oracle does not fit.

    Unit tests pin their own numbers and have run elsewhere.
    """
    flags = ["--exclude-resource-type", "unit_test", "--vars", json.dumps(variables)]
    flags += ["--exclude", "path:python_models/churn+", "path:python_models/recommendations+"]
    return build(logs, folder, *flags, *arguments)


@pytest.fixture(scope="session")
def compared_defaults(generated_warehouse: tuple[Path, Warehouse]) -> Compared:
    """The logs that other tests use too, with the project's own vars but for quick models."""
    logs, warehouse = generated_warehouse
    return Compared(warehouse, expect(logs, rules(QUICK_MODELS)))


@pytest.fixture(scope="session")
def compared_other_vars(
    sample_logs: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Compared:
    """Fewer users, every var at another value."""
    logs = sample_logs(*SMALL_LOGS, "--seed", "3")
    warehouse = build_with(logs, tmp_path_factory.mktemp("other_vars"), OTHER_VARS)
    return Compared(warehouse, expect(logs, rules(OTHER_VARS)))


@pytest.fixture(scope="session")
def compared_odd_lines(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """Only odd deliveries; what follows staging has nothing to add."""
    logs = tmp_path_factory.mktemp("odd_lines")
    add_odd_deliveries(logs, ["20170320", "20170330", "20170407"], lines=400)
    select = ["--select", "+rpt_deliveries", "+rpt_rejected_lines", "path:models/staging"]
    warehouse = build_with(logs, tmp_path_factory.mktemp("odd_warehouse"), {}, *select)
    return Compared(warehouse, expect(logs, rules()))
