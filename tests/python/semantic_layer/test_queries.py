"""Metrics as a user asks for them, with `mf query`, against plain SQL on the same tables."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import PROJECT, Warehouse

# MetricFlow's days are timestamps.
DAY = "activity_date::timestamp"
SNAPSHOT = "snapshot_date::timestamp"
Answer = dict[tuple[str, ...], dict[str, float | None]]

ACTIVITY = {
    "daily_active_users": "count(distinct user_id)",
    "plays": "sum(plays)",
    "plays_per_active_user": "sum(plays) / count(distinct user_id)",
    "completed_plays": "sum(completed_plays)",
    "completion_rate": "sum(completed_plays) / sum(plays)",
    "play_hours": "sum(play_seconds) / (60 * 60)",
    "downloads": "sum(downloads)",
    "searches": "sum(searches)",
}
CHURN = {
    "labelled_users": "count(*)",
    "churned_users": "count(*) filter (where is_churned)",
    "churn_rate": "avg(case when is_churned then 1 else 0 end)",
}
# The lowest tier of the seed is the one that needs no action.
IS_AT_RISK = """
    tier <> (select tier from staging.risk_tiers order by tier_rank limit 1)
"""
RISK = {
    "scored_users": "count(*)",
    "at_risk_users": f"count(*) filter (where {IS_AT_RISK})",
    "at_risk_share": f"avg(case when {IS_AT_RISK} then 1 else 0 end)",
    "users_to_contact": "count(*) filter (where is_to_contact)",
    "expected_contact_value": "coalesce(sum(expected_value) filter (where is_to_contact), 0)",
    "holdout_users": "count(*) filter (where is_holdout)",
}
TABLES = {
    "reports.user_daily_activity": ACTIVITY,
    "churn.churn_labels": CHURN,
    "churn.churn_risk_users": RISK,
}


def run_mf(
    warehouse: Path, folder: Path, *arguments: str, target: str = "ci"
) -> subprocess.CompletedProcess[str]:
    """Run MetricFlow in a project folder whose `target` is that of the warehouse."""
    project = folder / "project"
    if not project.exists():
        project.mkdir()
        for name in ("dbt_project.yml", "profiles", "python_models", "seeds"):
            (project / name).symlink_to(PROJECT / name)
        (project / "target").symlink_to(warehouse / "target")
    environment = os.environ | {
        "MUSIC_BOX_WAREHOUSE": str(warehouse),
        "DBT_PROFILES_DIR": "profiles",
        "DBT_TARGET": target,
        "DBT_TARGET_PATH": str(warehouse / "target"),
        "DBT_LOG_PATH": str(warehouse / "logs"),
    }
    return subprocess.run(
        [Path(sys.executable).with_name("mf"), *arguments],
        cwd=project,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )


def ask(
    warehouse: Path, folder: Path, *arguments: str, by: list[str], target: str = "ci"
) -> Answer:
    """What `mf query` writes as CSV: by the columns that it is grouped by, the metrics."""
    answer = folder / "answer.csv"
    answer.unlink(missing_ok=True)
    finished = run_mf(
        warehouse, folder, "query", *arguments, "--csv", str(answer), "--quiet", target=target
    )
    assert finished.returncode == 0 and answer.exists(), finished.stdout
    with answer.open(newline="") as content:
        return {
            tuple(row[column] for column in by): {
                name: float(value) if value else None
                for name, value in row.items()
                if name not in by
            }
            for row in csv.DictReader(content)
        }


def plain_sql(database: Path, table: str, keys: list[str], metrics: list[str]) -> Answer:
    """The same, in SQL that knows nothing of MetricFlow."""
    columns = ", ".join([*keys, *(TABLES[table][metric] for metric in metrics)])
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.sql(f"select {columns} from {table} group by all").fetchall()
    return {
        tuple(str(key) for key in row[: len(keys)]): {
            metric: None if value is None else float(value)
            for metric, value in zip(metrics, row[len(keys) :], strict=True)
        }
        for row in rows
    }


def assert_equal(actual: Answer, expected: Answer) -> None:
    """All rows and all metrics; sums of fractions may be added in another order."""
    assert len(expected) > 1
    assert set(actual) == set(expected)
    for key, metrics in expected.items():
        assert actual[key] == pytest.approx(metrics, rel=1e-9), key


@pytest.fixture
def warehouse(
    generated_warehouse: tuple[Path, Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A warehouse with a champion, so that there are users at risk; `mf` locks its database."""
    folder = tmp_path_factory.mktemp("asked") / "warehouse"
    shutil.copytree(generated_warehouse[1].folder, folder)
    return folder


@pytest.fixture
def semantic_manifest(warehouse: Path) -> dict[str, Any]:
    """What dbt hands to MetricFlow."""
    content: dict[str, Any] = json.loads(
        (warehouse / "target" / "semantic_manifest.json").read_text("utf-8")
    )
    return content


def test_every_metric_is_compared_here_and_says_what_it_is(
    semantic_manifest: dict[str, Any],
) -> None:
    metrics = semantic_manifest["metrics"]
    assert {metric["name"] for metric in metrics} == {*ACTIVITY, *CHURN, *RISK}
    assert [metric["name"] for metric in metrics if not metric["label"]] == []
    # the unit in brackets, and what it is for
    assert [
        metric["name"]
        for metric in metrics
        if not ("(" in metric["description"] and "For " in metric["description"])
    ] == []


@pytest.mark.parametrize(
    ("saved_query", "by", "table", "key"),
    [
        ("daily_activity_by_day", "metric_time__day", "reports.user_daily_activity", DAY),
        ("churn_rate_by_snapshot", "metric_time__day", "churn.churn_labels", SNAPSHOT),
        ("risk_by_tier", "scored_user__tier", "churn.churn_risk_users", "tier"),
    ],
)
def test_a_saved_query_is_what_sql_says(
    warehouse: Path, tmp_path: Path, saved_query: str, by: str, table: str, key: str
) -> None:
    answer = ask(warehouse, tmp_path, "--saved-query", saved_query, by=[by])

    metrics = list(next(iter(answer.values())))
    assert len(metrics) > 2
    assert_equal(answer, plain_sql(warehouse / "music_box.duckdb", table, [key], metrics))


def test_every_saved_query_is_compared_here(semantic_manifest: dict[str, Any]) -> None:
    assert {query["name"] for query in semantic_manifest["saved_queries"]} == {
        "daily_activity_by_day",
        "churn_rate_by_snapshot",
        "risk_by_tier",
    }


def test_a_week_counts_its_users_once_and_begins_on_monday(warehouse: Path, tmp_path: Path) -> None:
    by = "metric_time__week"
    answer = ask(warehouse, tmp_path, "--metrics", ",".join(ACTIVITY), "--group-by", by, by=[by])

    monday = "(activity_date - (isodow(activity_date) - 1)::integer)::timestamp"
    assert_equal(
        answer,
        plain_sql(
            warehouse / "music_box.duckdb", "reports.user_daily_activity", [monday], list(ACTIVITY)
        ),
    )


def test_risk_is_what_sql_says_by_what_is_suggested_to_whom(
    warehouse: Path, tmp_path: Path
) -> None:
    keys = ["suggested_action", "is_paying", "is_holdout"]
    by = [f"scored_user__{key}" for key in keys]
    answer = ask(
        warehouse, tmp_path, "--metrics", ",".join(RISK), "--group-by", ",".join(by), by=by
    )

    assert_equal(
        answer,
        plain_sql(warehouse / "music_box.duckdb", "churn.churn_risk_users", keys, list(RISK)),
    )
    assert sum(metrics["users_to_contact"] or 0 for metrics in answer.values()) > 0


def test_the_published_copy_answers_while_a_build_holds_the_other(
    warehouse: Path, tmp_path: Path
) -> None:
    working = str(warehouse / "music_box.duckdb")
    published = warehouse / "published" / "music_box.duckdb"
    with duckdb.connect(working):
        other_reader = subprocess.run(
            [sys.executable, "-c", f"import duckdb; duckdb.connect({working!r}, read_only=True)"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "lock" in other_reader.stderr
        answer = ask(
            warehouse,
            tmp_path,
            *("--metrics", "daily_active_users,plays", "--group-by", "metric_time__day"),
            by=["metric_time__day"],
            target="published",
        )

    assert_equal(
        answer,
        plain_sql(
            published,
            "reports.user_daily_activity",
            [DAY],
            ["daily_active_users", "plays"],
        ),
    )


def test_a_day_on_which_nothing_was_logged_is_a_row_without_numbers(
    warehouse: Path, tmp_path: Path
) -> None:
    """User 1 comes on both other days, only to search on the last."""
    small = tmp_path / "small"
    small.mkdir()
    with duckdb.connect(str(small / "music_box.duckdb")) as connection:
        connection.execute(
            """
            create schema reports;
            create table reports.calendar_days as
            select * from (values (date '2017-03-30'), ('2017-03-31'), ('2017-04-01'))
                as days (calendar_date);
            create table reports.user_daily_activity as
            select * from (values
                (1, date '2017-03-30', 3, 2, 3600.0, 0, 0),
                (2, date '2017-03-30', 1, 1, 1800.0, 1, 0),
                (1, date '2017-04-01', 0, 0, 0.0, 0, 4)
            ) as activity (
                user_id, activity_date, plays, completed_plays, play_seconds, downloads, searches
            )
            """
        )
    (small / "target").symlink_to(warehouse / "target")
    (small / "logs").mkdir()

    answer = ask(small, tmp_path, "--saved-query", "daily_activity_by_day", by=["metric_time__day"])

    names = "daily_active_users plays plays_per_active_user completion_rate"
    names += " play_hours downloads searches"
    expected: dict[int, list[float | None]] = {
        30: [2, 4, 2, 0.75, 1.5, 1, 0],
        31: [None, None, None, None, None, None, None],
        1: [1, 0, 0, None, 0, 0, 4],
    }
    assert {
        datetime.fromisoformat(day).day: [metrics[name] for name in names.split()]
        for (day,), metrics in answer.items()
    } == expected


def test_mf_finds_nothing_wrong_with_the_project(warehouse: Path, tmp_path: Path) -> None:
    finished = run_mf(warehouse, tmp_path, "validate-configs", "--show-all")

    assert finished.returncode == 0, finished.stdout
    assert finished.stdout.count("ERRORS: 0, FUTURE_ERRORS: 0, WARNINGS: 0") == 6
