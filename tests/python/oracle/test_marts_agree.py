"""Every table of a build agrees with the oracle on every row and every column."""

from __future__ import annotations

import pytest

from oracle.conftest import Compared
from oracle.tables import ALL_TABLES, STAGING_TABLES, compare_any

# A mart that is empty would agree with an oracle that found nothing.
MAY_BE_EMPTY = {"rpt_missing_deliveries"}


def assert_agrees(compared: Compared, name: str) -> None:
    comparison = compare_any(compared.warehouse, name, compared.expected)
    comparison.fail_if_different()
    assert comparison.rows or name in MAY_BE_EMPTY


@pytest.mark.parametrize("name", ALL_TABLES)
def test_table_agrees_with_default_vars(compared_defaults: Compared, name: str) -> None:
    assert_agrees(compared_defaults, name)


@pytest.mark.parametrize("name", ALL_TABLES)
def test_table_agrees_with_other_vars(compared_other_vars: Compared, name: str) -> None:
    assert_agrees(compared_other_vars, name)


@pytest.mark.parametrize("name", STAGING_TABLES)
def test_odd_lines_are_read_alike(compared_odd_lines: Compared, name: str) -> None:
    assert_agrees(compared_odd_lines, name)


def test_other_vars_reach_every_role_and_rule(compared_other_vars: Compared) -> None:
    marts = compared_other_vars.expected.marts
    roles = {row["role"] for row in marts["snapshots"].values()}
    assert roles == {"training", "scoring", "backtest", "skipped"}
    reasons = {row["reason"] for row in marts["int_excluded_users"].values()}
    assert reasons == {"anonymous", "bot", "beyond_human"}
    assert {row["split"] for row in marts["churn_training_set"].values()} == {"train", "test"}
    assert any(row["dropped_records"] for row in marts["rpt_cleaning"].values())
    assert any(row["filled_play_times"] for row in marts["rpt_cleaning"].values())
    assert any(row["filled_song_lengths"] for row in marts["rpt_cleaning"].values())


def test_generated_logs_are_called_generated(compared_defaults: Compared) -> None:
    statement = "select is_generated from reports.published_snapshot"
    assert compared_defaults.warehouse.rows(statement) == [(True,)]


def test_odd_lines_reach_every_fate(compared_odd_lines: Compared) -> None:
    files = compared_odd_lines.expected.delivered.files
    assert {file.status for file in files} == {
        *["accepted", "duplicate", "superseded", "unreadable", "ignored"]
    }
    reasons = {line.reason for file in files for line in file.account.rejected}
    assert reasons == {
        *["empty_line", "uid_invalid", "too_few_fields", "too_many_fields"],
        *["ambiguous_join", "line_too_long"],
    }
    assert sum(file.account.repaired for file in files) > 100
