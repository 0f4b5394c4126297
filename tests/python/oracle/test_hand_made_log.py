"""A log whose answers were worked out on paper, against the oracle and against the warehouse."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from conftest import run_dbt

from oracle import hand_made
from oracle.comparison import TOLERANCE, difference
from oracle.conftest import Compared, build_with
from oracle.marts import expect
from oracle.rules import rules
from oracle.tables import ALL_TABLES, compare_any


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    logs = tmp_path_factory.mktemp("hand_made")
    hand_made.write_hand_made_log(logs)
    warehouse = build_with(logs, tmp_path_factory.mktemp("hand_made_warehouse"), hand_made.VARS)
    return Compared(warehouse, expect(logs, rules(hand_made.VARS)))


@pytest.fixture(scope="module")
def compared_with_list(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """The same log when user 2 is excluded by hand, and half of the users are bots."""
    logs = tmp_path_factory.mktemp("hand_made")
    hand_made.write_hand_made_log(logs)
    variables = hand_made.VARS | {"bot_rule_min_users": 4, "bot_percentile": 0.5}
    folder = tmp_path_factory.mktemp("listed_warehouse")
    run_dbt(logs, folder, "seed")
    with duckdb.connect(str(folder / "music_box.duckdb")) as connection:
        connection.execute("insert into staging.excluded_users values (2, 'tester')")
    warehouse = build_with(logs, folder, variables, "--exclude-resource-type", "seed")
    return Compared(warehouse, expect(logs, rules(variables), {2: "tester"}))


def assert_same(found: dict[str, Any], worked_out: dict[str, Any]) -> None:
    for name, value in worked_out.items():
        is_same = difference(value, found[name], TOLERANCE) is not None
        assert is_same, f"{name} is {found[name]!r}, on paper {value!r}"


def test_oracle_accounts_for_every_line(compared: Compared) -> None:
    files = {file.name: file for file in compared.expected.delivered.files}
    for name, (status, lines, accepted, repaired, rejected) in hand_made.FILES.items():
        account = files[name].account
        assert files[name].status == status
        assert lines is None or files[name].lines == lines
        assert (account.accepted, account.repaired) == (accepted, repaired)
        assert len(account.rejected) == rejected
    reasons = {
        (f.name, line.number): line.reason for f in files.values() for line in f.account.rejected
    }
    assert reasons == hand_made.REJECTED


def test_warehouse_accounts_for_every_line(compared: Compared) -> None:
    rows = compared.warehouse.rows("""
        select file_name, status, lines, accepted_lines, repaired_lines, rejected_lines
        from reports.rpt_deliveries
    """)
    found = {row[0]: row[1:] for row in rows}
    assert {name: found[name] for name in hand_made.FILES} == hand_made.FILES
    rejected = compared.warehouse.rows(
        "select file_name, line_number, rejection_reason from reports.rpt_rejected_lines"
    )
    assert {row[:2]: row[2] for row in rejected} == hand_made.REJECTED


def test_oracle_finds_snapshots_labels_and_limits(compared: Compared) -> None:
    marts = compared.expected.marts
    assert {
        day: (row["role"], row["users"], row["churn_rate"])
        for (day,), row in marts["snapshots"].items()
    } == hand_made.SNAPSHOTS
    assert {
        key: (row["label_window_records"], row["is_churned"])
        for key, row in marts["churn_labels"].items()
    } == hand_made.LABELS
    splits = {user: row["split"] for (_, user), row in marts["churn_training_set"].items()}
    assert splits == hand_made.SPLITS
    assert marts["int_excluded_users"][hand_made.TRAINING, 0]["reason"] == "anonymous"
    assert_same(marts["int_cleaning_limits"][hand_made.TRAINING,], hand_made.LIMITS)


def test_warehouse_finds_snapshots_labels_and_limits(compared: Compared) -> None:
    rows = compared.warehouse.rows
    snapshots = rows("select snapshot_date, role, users, churn_rate from reports.snapshots")
    assert {row[0]: row[1:] for row in snapshots} == hand_made.SNAPSHOTS
    labels = rows("""
        select snapshot_date, user_id, label_window_records, is_churned from churn.churn_labels
    """)
    assert {row[:2]: row[2:] for row in labels} == hand_made.LABELS
    assert dict(rows("select user_id, split from churn.churn_training_set")) == hand_made.SPLITS
    limits = rows(f"""
        select {", ".join(hand_made.LIMITS)}
        from intermediate.int_cleaning_limits
        where snapshot_date = date '{hand_made.TRAINING}'
    """)
    assert_same(dict(zip(hand_made.LIMITS, limits[0], strict=True)), hand_made.LIMITS)


@pytest.mark.parametrize("user_id", hand_made.FEATURES)
def test_oracle_finds_features(compared: Compared, user_id: int) -> None:
    row = compared.expected.marts["user_features"][hand_made.TRAINING, user_id]
    assert_same(row, hand_made.FEATURES[user_id])


@pytest.mark.parametrize("user_id", hand_made.FEATURES)
def test_warehouse_finds_features(compared: Compared, user_id: int) -> None:
    worked_out = hand_made.FEATURES[user_id]
    rows = compared.warehouse.rows(f"""
        select {", ".join(worked_out)}
        from features.user_features
        where snapshot_date = date '{hand_made.TRAINING}' and user_id = {user_id}
    """)
    assert_same(dict(zip(worked_out, rows[0], strict=True)), worked_out)


def test_paper_has_every_feature_of_user_1(compared: Compared) -> None:
    row = compared.expected.marts["user_features"][hand_made.TRAINING, 1]
    assert set(hand_made.USER_1) == set(row)


def test_daily_activity(compared: Compared) -> None:
    oracle = compared.expected.marts["user_daily_activity"]
    rows = compared.warehouse.rows("""
        select user_id, activity_date, plays, completed_plays, play_seconds, downloads, searches
        from reports.user_daily_activity
    """)
    warehouse = {row[:2]: row[2:] for row in rows}
    for key, worked_out in hand_made.ACTIVITY.items():
        assert tuple(oracle[key].values()) == worked_out
        assert warehouse[key] == worked_out
    assert not any(user_id == 0 for user_id, _ in warehouse)


@pytest.mark.parametrize("name", ALL_TABLES)
def test_oracle_and_warehouse_agree_on_the_rest(compared: Compared, name: str) -> None:
    compare_any(compared.warehouse, name, compared.expected).fail_if_different()


def test_reasons_for_exclusion(compared_with_list: Compared) -> None:
    # Records from 03-05 to 03-14: user 1 has 5 plays, 2 downloads, 3 searches: 10; user 2 has 3,
    # users 3 and 9 have 1. The median of 1, 1, 3, 10 is 2: users 1 and 2 exceed it, and being
    # listed comes before being a bot.
    worked_out = {0: (1, "anonymous"), 1: (10, "bot"), 2: (3, "listed: tester")}
    rows = compared_with_list.warehouse.rows(f"""
        select user_id, records, reason, threshold_records
        from reports.rpt_excluded_users
        where snapshot_date = date '{hand_made.TRAINING}'
    """)
    assert {row[0]: row[1:3] for row in rows} == worked_out
    assert {row[3] for row in rows} == {2.0}


@pytest.mark.parametrize("name", ALL_TABLES)
def test_oracle_and_warehouse_agree_with_listed_users(
    compared_with_list: Compared, name: str
) -> None:
    compare_any(compared_with_list.warehouse, name, compared_with_list.expected).fail_if_different()
