"""Churn models inside whole builds: again, daily, tampered with, too few users, no labels."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest
from conftest import (
    QUICK_MODELS,
    WITHOUT_UNIT_TESTS,
    NextDay,
    Warehouse,
    build,
    names_of,
    run_dbt,
)
from deliveries.contents import contents_of, differing_tables

QUICK = ("--vars", json.dumps(QUICK_MODELS))
SCHEMAS = ("churn", "reports")


@pytest.fixture
def copied(generated_warehouse: tuple[Path, Warehouse], tmp_path: Path) -> tuple[Path, Path]:
    """The logs, and a copy of the warehouse that a test may change."""
    logs, warehouse = generated_warehouse
    folder = tmp_path / "warehouse"
    shutil.copytree(warehouse.folder, folder)
    return logs, folder


def test_every_table_holds_something(generated_warehouse: tuple[Path, Warehouse]) -> None:
    """Else the tests below would compare nothing with nothing."""
    _, warehouse = generated_warehouse
    contents = contents_of(warehouse.folder / "music_box.duckdb", ["churn"])
    assert [table for table, rows in contents.items() if not rows] == []


def test_percentiles_of_features_are_those_of_numpy(
    generated_warehouse: tuple[Path, Warehouse],
) -> None:
    _, warehouse = generated_warehouse
    features = warehouse.query(
        """
        select user_features.* exclude (snapshot_date, user_id)
        from features.user_features
        inner join reports.snapshots using (snapshot_date)
        where role = 'scoring'
        """
    )
    report = warehouse.query("from reports.rpt_feature_percentiles order by feature, percentile")
    known = {name: values.dropna() for name, values in features.items() if values.notna().any()}
    assert set(report["feature"]) == set(known)
    for feature, rows in report.groupby("feature"):
        values = known[feature].astype(float)
        assert rows["percentile"].tolist() == list(range(101))
        assert set(rows["users"]) == {len(values)}
        expected = np.percentile(values, range(101))
        np.testing.assert_allclose(rows["percentile_value"], expected, rtol=1e-9, atol=1e-12)


def test_fitted_again_everything_is_equal(copied: tuple[Path, Path]) -> None:
    """Estimators bit by bit, and so every score, interval and reason."""
    logs, folder = copied
    before = contents_of(folder / "music_box.duckdb", SCHEMAS)
    again = run_dbt(logs, folder, "run", "--select", "churn_examples+", *QUICK)
    assert again.return_code == 0, again.output
    assert {"churn_fit_bagged_boosting", "churn_model_metrics"} <= names_of(again, "success")
    assert differing_tables(before, contents_of(folder / "music_box.duckdb", SCHEMAS)) == []


def test_daily_scores_with_the_fitted_models(
    generated_warehouse: tuple[Path, Warehouse], daily_warehouse: Warehouse
) -> None:
    _, warehouse = generated_warehouse
    before = contents_of(warehouse.folder / "music_box.duckdb", SCHEMAS)
    built = names_of(daily_warehouse, "success")
    assert {"churn_scores", "churn_risk_users", "published_copy"} <= built
    assert [name for name in built if name.startswith("churn_fit_")] == []
    after = contents_of(daily_warehouse.folder / "music_box.duckdb", SCHEMAS)
    assert differing_tables(before, after) == []


def test_the_next_day_is_scored_with_the_models_of_before(next_day: NextDay) -> None:
    """The snapshots move on by a day; the models, and what they were judged by, stay."""
    before, after = next_day.before, next_day.after
    judged = before.rows("from churn.churn_predictions where split <> 'score' order by all")
    assert judged
    assert before.rows("select model_name from churn.churn_models where is_champion")
    assert after.rows("from churn.churn_predictions where split <> 'score' order by all") == judged
    dates = "select distinct cast(snapshot_date as varchar), cast(fitted_snapshot_date as varchar)"
    assert after.rows(f"{dates} from churn.churn_predictions where split = 'score'") == [
        ("2017-05-03", "2017-04-18")
    ]
    users = "select user_id from intermediate.int_snapshot_users where snapshot_date = '2017-05-03'"
    scored = after.rows("select user_id from churn.churn_risk_users order by all")
    assert scored == after.rows(f"{users} order by all")


def test_an_estimator_that_was_changed_is_not_used(copied: tuple[Path, Path]) -> None:
    """A test says so before anything is scored; who passes over the test is refused as well."""
    logs, folder = copied
    with duckdb.connect(str(folder / "music_box.duckdb")) as connection:
        connection.execute(
            "update churn.churn_fit_random_forest set artifact = artifact || '\\x00'::blob"
            " where fold is null"
        )
    refused = run_dbt(logs, folder, "build", "--select", "churn_fits", "churn_scores", *QUICK)
    assert "assert_artifacts_are_those_that_were_stored" in names_of(refused, "fail")
    assert "churn_scores" in names_of(refused, "skipped")
    insisted = run_dbt(logs, folder, "run", "--select", "churn_scores", *QUICK)
    assert insisted.return_code != 0
    assert "the artifact of random_forest, snapshot 2017-" in insisted.output
    assert "is not the one that was stored" in insisted.output


def test_an_infinite_feature_stops_at_its_table(copied: tuple[Path, Path]) -> None:
    """The range test of the table names the column; nothing is fitted with it."""
    logs, folder = copied
    with duckdb.connect(str(folder / "music_box.duckdb")) as connection:
        connection.execute(
            "update features.ftr_listening_rhythm set current_gap_over_mean_gap = 'infinity'"
            " where user_id = (select min(user_id) from features.ftr_listening_rhythm)"
        )
    tested = run_dbt(logs, folder, "test", "--select", "ftr_listening_rhythm", *QUICK)
    assert "ftr_listening_rhythm__is_in_range" in names_of(tested, "fail")


def test_twenty_users_are_too_few_to_learn_from(
    sample_logs: Callable[..., Path], tmp_path: Path
) -> None:
    """The build passes, says why nothing is fitted, and scores nobody."""
    logs = sample_logs("--users", "100", "--seed", "3")
    built = build(
        logs,
        tmp_path / "warehouse",
        *WITHOUT_UNIT_TESTS,
        "--vars",
        json.dumps({"user_sample_fraction": 0.2}),
    )
    reasons = built.rows("select distinct skip_reason from churn.churn_models order by all")
    assert reasons
    assert all("fewer than minimum_class_users = 10" in reason for (reason,) in reasons)
    assert built.rows("select count(*) from churn.churn_models where is_champion") == [(0,)]
    for table in ("churn_predictions", "churn_risk_users", "churn_model_metrics", "churn_reasons"):
        assert built.rows(f"select count(*) from churn.{table}") == [(0,)]
    assert "no champion: no churn model could be fitted" in built.output
    assert "churn_risk_users: 0 users scored, 0 to contact" in built.output


def test_without_labels_nothing_is_fitted(sample_logs: Callable[..., Path], tmp_path: Path) -> None:
    """Thirty-two days hold a feature window and no label window after one."""
    logs = sample_logs("--users", "100", "--first-date", "2017-03-30", "--last-date", "2017-04-30")
    built = build(logs, tmp_path / "warehouse", *WITHOUT_UNIT_TESTS)
    assert built.rows("select role from reports.snapshots where role <> 'skipped'") == [
        ("scoring",)
    ]
    assert built.rows("select count(*) from churn.churn_models") == [(0,)]
    assert built.rows("select count(*) from churn.churn_risk_users") == [(0,)]
    assert "no champion: no churn model could be fitted" in built.output
