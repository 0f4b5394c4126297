"""What may replace a published copy: the same logs, and a build that holds about as much."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import duckdb
import pytest
from conftest import QUICK_MODELS, WITHOUT_UNIT_TESTS, Warehouse, build, run_dbt
from deliveries.lines import write_days
from music_box.publishing.replacing import (
    MEMORY,
    REPLACE_VARIABLE,
    ReplacingError,
    ServedLogs,
    check_content,
    check_logs,
    remember_logs,
    served_logs,
)

NOTICE = "GENERATED.txt"
FIRST_DATE = date(2017, 3, 2)
VARIABLES = {"minimum_class_users": 3}
LEAST = 0.5
SERVED = ServedLogs("/data/player logs", are_generated=False)


def content(
    path: Path, snapshots: int, users: int, records: int = 9, generated: bool = False
) -> None:
    """A database of the tables that are compared."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"""
            create schema reports; create schema churn;
            create table reports.rpt_deliveries as select {records} as records;
            create table reports.published_snapshot as select {generated} as is_generated;
            create table reports.snapshots as
                select date '2017-04-01' + cast(day as int) as snapshot_date,
                    case when day < {snapshots} then 'scoring' else 'skipped' end as role,
                    'its feature window begins before the logs' as skip_reason
                from range({snapshots} + 1) as days (day);
            create table churn.churn_models as
                select date '2017-04-01' as snapshot_date, 'forest' as model_name,
                    'too few users' as skip_reason;
            create table churn.churn_risk_users as
                select user_id from range({users}) as users (user_id);
        """)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A copy of 4 snapshots and 126 scored users, of real logs."""
    folder = tmp_path / "it's published"
    content(folder / "music_box.duckdb", 4, 126)
    remember_logs(folder, SERVED)
    return folder


# --- which logs ---------------------------------------------------------------------------------


def test_nothing_published_can_be_replaced_by_anything(tmp_path: Path) -> None:
    assert served_logs(tmp_path) is None
    check_logs(ServedLogs("/anywhere", are_generated=True), tmp_path, {})


def test_generated_logs_can_be_replaced_by_anything(published: Path) -> None:
    remember_logs(published, ServedLogs("/sample", are_generated=True))
    check_logs(ServedLogs("/anywhere", are_generated=False), published, {})
    check_logs(ServedLogs("/sample/others", are_generated=True), published, {})


def test_the_same_logs_need_no_word(published: Path) -> None:
    check_logs(ServedLogs("/data/player logs", are_generated=False), published, {})


def test_a_link_to_the_same_folder_is_the_same_folder(published: Path, tmp_path: Path) -> None:
    logs, link = tmp_path / "logs", tmp_path / "today"
    logs.mkdir()
    link.symlink_to(logs)
    remember_logs(published, ServedLogs.of(logs, NOTICE))
    check_logs(ServedLogs.of(link, NOTICE), published, {})


@pytest.mark.parametrize(
    ("logs", "named"),
    [
        (ServedLogs("/other", are_generated=False), "would read the logs in '/other'"),
        (ServedLogs("/s", are_generated=True), "would read the generated sample logs in '/s'"),
        # the generator wrote into the folder of the real logs
        (ServedLogs("/data/player logs", are_generated=True), "would read the generated sample"),
    ],
)
def test_other_logs_need_the_word_of_the_user(
    published: Path, logs: ServedLogs, named: str
) -> None:
    with pytest.raises(ReplacingError) as refusal:
        check_logs(logs, published, {})
    message = str(refusal.value)
    assert named in message
    assert "serves the logs in '/data/player logs'" in message
    assert "set RAW_LOGS=/data/player logs" in message
    assert f"{REPLACE_VARIABLE}=/data/player logs" in message
    with pytest.raises(ReplacingError):
        check_logs(logs, published, {REPLACE_VARIABLE: "/other logs that were replaced before"})
    check_logs(logs, published, {REPLACE_VARIABLE: "/data/player logs"})


def test_a_copy_of_an_earlier_version_is_not_replaced_by_generated_logs(published: Path) -> None:
    (published / MEMORY).unlink()
    check_logs(ServedLogs("/data", are_generated=False), published, {})
    with pytest.raises(ReplacingError, match="serves other logs"):
        check_logs(ServedLogs("/sample", are_generated=True), published, {})
    check_logs(ServedLogs("/sample", are_generated=True), published, {REPLACE_VARIABLE: "unknown"})


# --- how much -----------------------------------------------------------------------------------


def judge(
    published: Path,
    tmp_path: Path,
    snapshots: int,
    users: int,
    records: int = 9,
    logs: ServedLogs = SERVED,
) -> None:
    working = tmp_path / "working.duckdb"
    content(working, snapshots, users, records)
    with duckdb.connect(str(working)) as connection:
        check_content(connection, published, logs, LEAST)


def test_a_first_copy_may_be_empty(tmp_path: Path) -> None:
    judge(tmp_path / "nothing", tmp_path, 0, 0)


@pytest.mark.parametrize(("snapshots", "users"), [(4, 126), (2, 63), (5, 500)])
def test_as_much_may_be_published(
    published: Path, tmp_path: Path, snapshots: int, users: int
) -> None:
    judge(published, tmp_path, snapshots, users)


@pytest.mark.parametrize(
    ("snapshots", "users", "records", "said"),
    [
        (0, 0, 0, "no snapshots, and .* 4. The copy is kept. Cause: no line of the logs"),
        (0, 0, 9, "Cause: no day can be scored; snapshot 2017-04-01 is skipped: its feature"),
        (4, 0, 9, "no scored users, and .* 126. .* Cause: no churn model could be fitted on 2017"),
        (1, 126, 9, "holds 1 snapshots, less than 50% of the 4 in"),
        (4, 62, 9, "holds 62 scored users, less than 50% of the 126 in"),
    ],
)
def test_much_less_is_refused(
    published: Path, tmp_path: Path, snapshots: int, users: int, records: int, said: str
) -> None:
    with pytest.raises(ReplacingError, match=said):
        judge(published, tmp_path, snapshots, users, records)


def test_other_logs_may_hold_less_but_not_nothing(published: Path, tmp_path: Path) -> None:
    """The user has given the word for these logs already."""
    others = ServedLogs("/other", are_generated=False)
    judge(published, tmp_path / "few", 1, 3, logs=others)
    with pytest.raises(ReplacingError, match="no scored users"):
        judge(published, tmp_path / "none", 1, 0, logs=others)


# --- whole builds -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Warehouse, dict[str, bytes]]:
    """Logs of 46 days in a folder, the warehouse that serves them, and what it published."""
    logs = tmp_path_factory.mktemp("player logs")
    write_days(logs, FIRST_DATE, days=46, users=40)
    warehouse = build(
        logs,
        tmp_path_factory.mktemp("warehouse"),
        *WITHOUT_UNIT_TESTS,
        "--vars",
        json.dumps(VARIABLES),
    )
    return logs, warehouse, state_of(warehouse)


def state_of(warehouse: Warehouse) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (warehouse.folder / "published").iterdir()}


def build_again(logs: Path, warehouse: Warehouse) -> Warehouse:
    return run_dbt(
        logs,
        warehouse.folder,
        "build",
        *WITHOUT_UNIT_TESTS,
        "--vars",
        json.dumps(QUICK_MODELS | VARIABLES),
    )


def test_a_copy_remembers_its_logs(served: tuple[Path, Warehouse, dict[str, bytes]]) -> None:
    logs, warehouse, _ = served
    assert served_logs(warehouse.folder / "published") == ServedLogs(
        os.path.abspath(logs),  # noqa: PTH100 - as the module does
        are_generated=False,
    )


def test_other_logs_do_not_replace_a_copy(
    served: tuple[Path, Warehouse, dict[str, bytes]], tmp_path: Path
) -> None:
    logs, warehouse, published = served
    write_days(tmp_path, FIRST_DATE, days=46, users=40)
    (tmp_path / NOTICE).write_text("made up")
    refused = build_again(tmp_path, warehouse)
    assert refused.return_code != 0
    assert f"serves the logs in '{logs}'" in refused.output
    assert "Traceback" not in refused.output
    assert state_of(warehouse) == published


def test_lines_that_are_all_rejected_do_not_replace_a_copy(
    served: tuple[Path, Warehouse, dict[str, bytes]],
) -> None:
    """Commas for tabs: no line is a record."""
    logs, warehouse, published = served
    originals = {path: path.read_text() for path in logs.iterdir()}
    for path, text in originals.items():
        path.write_text(text.replace("\t", ","))
    refused = build_again(logs, warehouse)
    for path, text in originals.items():
        path.write_text(text)
    assert refused.return_code != 0
    assert "(at most 10 % may be) were rejected, most of them as too_few_fields" in refused.output
    assert "Traceback" not in refused.output
    assert state_of(warehouse) == published


def test_too_few_days_do_not_replace_a_copy(
    served: tuple[Path, Warehouse, dict[str, bytes]], tmp_path: Path
) -> None:
    """Most files are gone from the folder: no snapshot is left."""
    logs, warehouse, published = served
    moved = [path for path in logs.iterdir() if path.name > "20170310"]
    for path in moved:
        path.rename(tmp_path / path.name)
    refused = build_again(logs, warehouse)
    for path in moved:
        (tmp_path / path.name).rename(path)
    assert refused.return_code != 0
    assert "The copy is kept. Cause: no day can be scored" in refused.output
    assert "Traceback" not in refused.output
    assert state_of(warehouse) == published
