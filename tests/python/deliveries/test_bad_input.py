"""Folders that nobody would wish for: a build says what is wrong, or is honestly empty."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from conftest import QUICK_MODELS, Warehouse, build, run_dbt

from .lines import download, play, search, write_days, write_lines

FIRST_DATE = date(2017, 3, 1)
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
AS_FAR_AS_SNAPSHOTS = (
    "--select", "+snapshots", "--indirect-selection", "cautious", *WITHOUT_UNIT_TESTS,
)  # fmt: skip
# They tell of files and days, and are not empty because no snapshot is built.
NOT_BY_SNAPSHOT = {"snapshots", "published_snapshot"}

Folder = Callable[[str], Path]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A new folder of this name."""

    def make(name: str) -> Path:
        path = tmp_path_factory.mktemp("parent") / name
        path.mkdir()
        return path

    return make


def public_tables(warehouse: Warehouse) -> dict[str, tuple[str, list[str]]]:
    """Public table -> schema and columns, as the project declares them."""
    manifest = json.loads((warehouse.folder / "target" / "manifest.json").read_text())
    return {
        node["name"]: (node["schema"], list(node["columns"]))
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["access"] == "public"
    }


def assert_marts_are_there_and_empty(warehouse: Warehouse) -> None:
    published = {path.stem for path in (warehouse.folder / "published").glob("*.parquet")}
    tables = public_tables(warehouse)
    assert tables
    assert set(tables) == published
    filled = {
        table
        for table, (schema, columns) in tables.items()
        if "snapshot_date" in columns
        and table not in NOT_BY_SNAPSHOT
        and warehouse.rows(f"select count(*) from {schema}.{table}") != [(0,)]
    }
    assert filled == set()


def assert_no_traceback(warehouse: Warehouse) -> None:
    assert "Traceback" not in warehouse.output, warehouse.output


# --- nothing to build from: a sentence, at once -------------------------------------------------


def no_folder(path: Path) -> Path:
    """A path to nothing, with characters that have to be quoted on the way."""
    return path / "it's [missing]"


def empty_folder(path: Path) -> Path:
    """A folder without files."""
    return path


def a_file(path: Path) -> Path:
    """A delivery where the folder of deliveries should be."""
    write_lines(path / "20170330_1_down.log", download())
    return path / "20170330_1_down.log"


def unrelated_files(path: Path) -> Path:
    """A folder of other things."""
    (path / "notes.txt").write_text("hello")
    (path / "2017-03-30_play.log").write_text(play())
    (path / "20170330_1_play.csv").write_text(play())
    (path / "20170330_1_play.log.d").mkdir()
    return path


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse in which nothing is ever built; dbt's parsed project is kept there."""
    return tmp_path_factory.mktemp("warehouse")


@pytest.mark.parametrize("prepare", [no_folder, empty_folder, a_file, unrelated_files])
def test_a_folder_without_deliveries_is_told_in_a_sentence(
    prepare: Callable[[Path], Path], folder: Folder, nowhere: Path
) -> None:
    raw_logs = prepare(folder("raw_logs"))

    warehouse = run_dbt(raw_logs, nowhere, "build")

    assert warehouse.return_code != 0
    assert_no_traceback(warehouse)
    message = " ".join(warehouse.output.split())
    assert (
        f"RAW_LOGS is '{raw_logs}': there is no such folder, or no file in it is named" in message
    )
    assert "YYYYMMDD[_part]_{play|down|search}.log" in message
    assert "make build" in message


# --- deliveries without a record ----------------------------------------------------------------


@pytest.fixture(scope="module")
def garbage(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Good names, and not a single record behind them."""
    raw_logs = folder("garbage")
    noise = random.Random(1)
    (raw_logs / "20170301_1_play.log").write_bytes(noise.randbytes(50_000))
    (raw_logs / "20170301_2_play.log").write_bytes(b"\0" * 50_000)
    (raw_logs / "20170301_1_down.log").write_bytes(b"\n" * 1_000)
    (raw_logs / "20170301_1_search.log").write_bytes(b"<html>\n<body>404</body>\n</html>\n")
    (raw_logs / "20170302_1_search.log.gz").write_bytes(gzip.compress(b"cut")[:10])
    (raw_logs / "20170303_1_search.log").write_bytes(b"")
    write_lines(raw_logs / "20170304_1_down.log", download("nobody"), download(""))
    return run_dbt(
        raw_logs, tmp_path_factory.mktemp("warehouse"), "build", *WITHOUT_UNIT_TESTS,
        "--vars", json.dumps(QUICK_MODELS),
    )  # fmt: skip


def test_garbage_is_rejected_line_by_line(garbage: Warehouse) -> None:
    assert_no_traceback(garbage)
    assert garbage.rows(
        """
        select
            sum(accepted_lines), sum(repaired_lines), sum(lines) > 1100,
            sum(lines) = sum(rejected_lines),
            sum(rejected_lines) = (select count(*) from reports.rpt_rejected_lines)
        from reports.rpt_deliveries
        """
    ) == [(0, 0, True, True, True)]


def test_garbage_is_an_error_and_publishes_nothing(garbage: Warehouse) -> None:
    assert garbage.return_code != 0
    # 1,000 lines and the two of 03-04
    assert (
        "error: lines rejected: down, all days: 1002 of 1002 lines (at most 10 % may be) were"
        " rejected, most of them as empty_line." in garbage.output
    )
    assert not (garbage.folder / "published").exists()


def test_without_a_record_nothing_is_made_up(garbage: Warehouse) -> None:
    assert garbage.rows("select count(*) from reports.snapshots") == [(0,)]
    assert garbage.rows("select count(*) from reports.user_daily_activity") == [(0,)]
    assert "no snapshot: the logs hold no record" in garbage.output


# --- deliveries without a snapshot --------------------------------------------------------------


@pytest.fixture(scope="module")
def one_day(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """One day, in a folder whose name holds what shells, SQL and file patterns hold."""
    raw_logs = folder("it's [one] *day* uid=1 ?歌")
    write_days(raw_logs, FIRST_DATE, days=1, users=5)
    write_lines(raw_logs / "20170301_2_down.log", "", download(9))
    return build(raw_logs, tmp_path_factory.mktemp("ware house's"), *WITHOUT_UNIT_TESTS)


def test_one_day_is_staged_and_says_why_there_is_no_snapshot(one_day: Warehouse) -> None:
    assert_no_traceback(one_day)
    assert_marts_are_there_and_empty(one_day)
    reasons = one_day.rows(
        "select role, skip_reason from reports.snapshots where snapshot_date = '2017-03-01'"
    )
    assert reasons == [
        (
            "skipped",
            "the feature window starts on 2017-01-31, before the first log date 2017-03-01",
        )
    ]
    assert one_day.rows("select count(*) from reports.snapshots where skip_reason is null") == [
        (0,)
    ]


def test_names_of_folders_are_taken_by_the_letter(one_day: Warehouse) -> None:
    assert one_day.rows(
        "select user_id, line_number from staging.stg_player_logs__downloads where user_id = 9"
    ) == [(9, 2)]
    assert one_day.rows("select count(distinct user_id) from reports.user_daily_activity") == [(6,)]


def test_days_short_of_a_feature_window_are_skipped_with_the_reason(
    folder: Folder, tmp_path: Path
) -> None:
    """29 days are one too few; the day more that makes 30 is the next test's."""
    raw_logs = folder("raw_logs")
    write_days(raw_logs, FIRST_DATE, days=29, users=5)

    warehouse = build(raw_logs, tmp_path / "warehouse", *AS_FAR_AS_SNAPSHOTS)

    assert warehouse.rows("select distinct role from reports.snapshots") == [("skipped",)]
    assert warehouse.rows(
        "select skip_reason from reports.snapshots where snapshot_date = '2017-03-29'"
    ) == [("the feature window starts on 2017-02-28, before the first log date 2017-03-01",)]


def test_a_label_window_that_is_half_there_gives_no_labels(folder: Folder, tmp_path: Path) -> None:
    """Who is silent in seven of fourteen days has not churned: the other seven are to come."""
    raw_logs = folder("raw_logs")
    write_days(raw_logs, FIRST_DATE, days=37, users=5)
    dates = ["2017-03-29", "2017-03-30", "2017-04-06", "2017-04-07"]

    warehouse = build(
        raw_logs,
        tmp_path / "warehouse",
        *AS_FAR_AS_SNAPSHOTS,
        "--vars",
        json.dumps({"snapshot_dates": dates}),
    )

    assert warehouse.rows(
        "select cast(snapshot_date as varchar), role, skip_reason, is_labelled, users, churn_rate"
        " from reports.snapshots order by snapshot_date"
    ) == [
        (
            "2017-03-29",
            "skipped",
            "the feature window starts on 2017-02-28, before the first log date 2017-03-01",
            False,
            0,
            None,
        ),
        (
            "2017-03-30",
            "skipped",
            "without labels only the latest snapshot is scored",
            False,
            0,
            None,
        ),
        ("2017-04-06", "scoring", None, False, 5, None),
        (
            "2017-04-07",
            "skipped",
            "the last date that every required event has reached is 2017-04-06",
            False,
            0,
            None,
        ),
    ]


# --- deliveries of few --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def only_downloads(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Seven weeks of downloads, and no play and no search ever."""
    raw_logs = folder("only_downloads")
    write_days(raw_logs, FIRST_DATE, days=49, users=20)
    for path in [*raw_logs.glob("*_play.log"), *raw_logs.glob("*_search.log")]:
        path.unlink()
    return build(raw_logs, tmp_path_factory.mktemp("warehouse"), *WITHOUT_UNIT_TESTS)


def test_downloads_alone_make_users_and_features_without_plays(only_downloads: Warehouse) -> None:
    assert_no_traceback(only_downloads)
    assert only_downloads.rows(
        "select role, users from reports.snapshots where role <> 'skipped' order by snapshot_date"
    ) == [("training", 10), ("scoring", 10)]
    assert only_downloads.rows(
        """
        select distinct
            plays_30d, searches_30d, downloads_30d, days_since_last_play, days_since_last_event,
            play_share_80_plus, play_seconds_per_play, distinct_songs > 0
        from features.user_features
        """
    ) == [(0, 0, 30, None, 0, 0.0, 0.0, False)]


@pytest.fixture(scope="module")
def one_user(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Seven weeks of one user, who is not heard of in the last two of them."""
    raw_logs = folder("one_user")
    write_days(raw_logs, FIRST_DATE, days=35, users=1)
    for day in range(5, 19):
        for line, event in ((play(0), "play"), (download(0), "down"), (search(0), "search")):
            write_lines(raw_logs / f"201704{day:02}_1_{event}.log", line)
    # of one user, many days have no record
    variables = ("--vars", json.dumps({"largest_missing_day_share": 1}))
    return build(raw_logs, tmp_path_factory.mktemp("warehouse"), *WITHOUT_UNIT_TESTS, *variables)


def test_one_user_is_enough_for_every_mart(one_user: Warehouse) -> None:
    """Nothing can be learnt of one user, and nothing divides by the number of others either."""
    assert_no_traceback(one_user)
    assert one_user.rows(
        "select cast(snapshot_date as varchar), role, users, churn_rate"
        " from reports.snapshots where role <> 'skipped' order by snapshot_date"
    ) == [("2017-04-04", "training", 1, 1.0), ("2017-04-18", "scoring", 1, None)]
    assert one_user.rows(
        "select user_id, plays_30d > 0 from features.user_features order by snapshot_date"
    ) == [(1, True), (1, True)]
    assert set(public_tables(one_user)) == {
        path.stem for path in (one_user.folder / "published").glob("*.parquet")
    }
