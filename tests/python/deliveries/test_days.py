"""Days that are not there, dates that cannot be, events that stop, parts that are merged."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import Warehouse, run_dbt

from .lines import play, write_days, write_lines

FIRST_DATE, DAYS = date(2017, 3, 1), 74
LAST_DATE = FIRST_DATE + timedelta(days=DAYS - 1)
VARIABLES = {"least_usual_records": 3, "backtest_snapshots": 2}
# The drift of features is asked of whole builds elsewhere.
ARGUMENTS = (
    "--select", "+rpt_drift +user_daily_activity assert_nothing_stops_publishing",
    "--exclude-resource-type", "unit_test", "--vars", json.dumps(VARIABLES),
)  # fmt: skip


def of_day(folder: Path, number: int, pattern: str) -> list[Path]:
    """Files of the day of this number, from 0."""
    return sorted(folder.glob(f"{FIRST_DATE + timedelta(days=number):%Y%m%d}{pattern}"))


def checks(warehouse: Warehouse) -> dict[tuple[str, str], tuple[str, str]]:
    """Severity and message of what is beyond its limit, but for features and rates."""
    rows = warehouse.rows(
        """
        select check_name, subject, severity, message from reports.rpt_drift
        where is_beyond and check_name not in ('feature_shifted', 'churn_rate_moved')
        """
    )
    return {(check, subject): (severity, message) for check, subject, severity, message in rows}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two parts of plays a day; searches stop; seven days are missing; three files lie."""
    folder = tmp_path_factory.mktemp("logs")
    write_days(folder, FIRST_DATE, days=DAYS, users=6)
    for number in range(DAYS):
        (path,) = of_day(folder, number, "_1_play.log")
        path.with_name(path.name.replace("_1_", "_2_")).write_text(
            "".join(f"{play(100 + user)}\n" for user in range(6))
        )
        for search in of_day(folder, number, "_*_search.log") if number >= 35 else []:
            search.unlink()
    # all in the feature window of the backtest of 04-01; the last in that of 04-15, too
    for number in (2, 3, 4, 5, 6, 7, 20):
        for path in of_day(folder, number, "_*_play.log"):
            path.unlink()
    for day in ("19700101", "20710101"):
        write_lines(folder / f"{day}_1_play.log", play(1), play(2), play(3))
    return folder


@pytest.fixture(scope="module")
def late(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A build while part 2 of the last day has not come."""
    (path,) = of_day(logs, DAYS - 1, "_2_play.log")
    content = path.read_text()
    path.unlink()
    built = run_dbt(logs, tmp_path_factory.mktemp("warehouse"), "build", *ARGUMENTS)
    path.write_text(content)
    return built


def test_dates_that_cannot_be_do_not_hide_a_missing_part(late: Warehouse) -> None:
    assert late.return_code != 0
    assert checks(late)["missing_parts", "play"] == (
        "error",
        (
            "play: 1 of the usual deliveries of 2017-05-13 did not come (part 2, last on"
            " 2017-05-12). Wait for them, or say in seeds/expected_absences.csv that they do not"
            " come"
        ),
    )
    assert "error: missing parts: play: 1 of the usual deliveries of 2017-05-13" in late.output


def test_dates_that_cannot_be_are_told_and_move_no_calendar(late: Warehouse) -> None:
    assert checks(late)["outlying_date", "2071-01-01"] == (
        "warning",
        (
            "2071-01-01 is far from all other days. 20710101_1_play.log and 0 more, with 3 records,"
            " are left out of calendars and snapshots. Rename the files if their date is wrong"
        ),
    )
    assert ("outlying_date", "1970-01-01") in checks(late)
    assert late.rows("select min(event_date), max(event_date) from intermediate.int_log_days") == [
        (FIRST_DATE, LAST_DATE)
    ]
    assert late.rows(
        "select min(activity_date), max(activity_date) from reports.user_daily_activity"
    ) == [(FIRST_DATE, LAST_DATE)]
    # nothing is lost: their lines are staged and counted
    assert late.rows(
        "select sum(records) from reports.rpt_deliveries where event_date in"
        " ('1970-01-01', '2071-01-01')"
    ) == [(6,)]
    # the seven days without plays miss both of their parts, and nothing after 2017 is missed
    assert late.rows("select count(*), max(event_date) from reports.rpt_missing_deliveries") == [
        (15, LAST_DATE)
    ]


def test_an_event_that_stopped_does_not_stop_scoring(late: Warehouse) -> None:
    assert late.rows(
        "select role, cast(snapshot_date as varchar), missing_record_days, stopped_events"
        " from reports.snapshots order by snapshot_date desc"
    ) == [
        ("scoring", "2017-05-13", 0, "search"),
        ("training", "2017-04-29", 0, "search"),
        ("backtest", "2017-04-15", 1, "search"),
        ("skipped", "2017-04-01", 7, None),
    ]
    assert checks(late)["event_stopped", "search"] == (
        "warning",
        (
            "search: none has come since 2017-04-04, 39 days before the last day of the logs."
            " Features that count them say 0 or never where it is unknown"
        ),
    )


def test_a_snapshot_that_lacks_days_is_skipped_or_marked(late: Warehouse) -> None:
    assert late.rows("select skip_reason from reports.snapshots where role = 'skipped'") == [
        (
            (
                "7 days of the feature window and 0 of the label window have no record of a"
                " required event"
            ),
        )
    ]
    assert checks(late)["days_missing", "2017-04-15"] == (
        "warning",
        (
            "snapshot 2017-04-15 (backtest): 1 days of its windows have no record of a required"
            " event, so that its figures are lower than those of others"
        ),
    )


def test_parts_that_are_merged_are_a_warning(logs: Path, late: Warehouse) -> None:
    """The last day comes as one file without a part; its records are whole."""
    parts = of_day(logs, DAYS - 1, "_*_play.log")
    merged = "".join(path.read_text() for path in parts)
    for path in parts:
        path.unlink()
    (logs / f"{LAST_DATE:%Y%m%d}_play.log").write_text(merged)
    built = run_dbt(logs, late.folder, "build", *ARGUMENTS)
    assert built.return_code == 0, built.output
    assert ("missing_parts", "play") not in checks(built)
    assert checks(built)["layout_changed", "play"] == (
        "warning",
        (
            "play: 2 of the usual deliveries of 2017-05-13 did not come (part 1, 2, last on"
            " 2017-05-12), but its records are whole, with the new part without a number. If they"
            " never come again, say so in seeds/expected_absences.csv"
        ),
    )
