"""Whole builds, daily runs, parts and failures of a small log: what is published, and what never.

One warehouse lives through all of it, in the order of the fixtures. Its logs hold marks that occur
nowhere else: in searches, in lines that are rejected, and as ids of users.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from conftest import QUICK_MODELS, WITHOUT_UNIT_TESTS, Warehouse, build, names_of, run_dbt
from deliveries.lines import download, play, search, write_days, write_lines
from music_box.publishing.pseudonyms import KEY_VARIABLE

from publishing.test_pseudonyms import pseudonym_of

pytestmark = pytest.mark.slow
FIRST_DATE = date(2017, 3, 2)
FIRST_KEY, SECOND_KEY = "the first key, kept by nobody else", "the second key, kept by nobody else"
USERS = 40
IDS = {uid: 900_000_000_000_000_000 + 7_777_777_777 * uid for uid in range(1, USERS + 1)}
SEARCHED, REJECTED = "zxqsearched", "zxqrejected"
VARIABLES = {"pseudonymous_user_ids": True, "minimum_class_users": 3}
QUICK = ("--vars", json.dumps(QUICK_MODELS | VARIABLES))
DAILY = ("--selector", "daily", *WITHOUT_UNIT_TESTS)
LEFT_ALONE = "published_copy publishes nothing and leaves what is published as it is"


def state_of(warehouse: Path) -> dict[str, bytes]:
    """All published files."""
    return {path.name: path.read_bytes() for path in (warehouse / "published").iterdir()}


def read(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """The published database."""
    return duckdb.connect(str(warehouse / "published" / "music_box.duckdb"), read_only=True)


def values_of(connection: duckdb.DuckDBPyConnection) -> dict[str, set[object]]:
    """Every value of every table, by `schema.table`."""
    tables = connection.sql(
        "select schema_name, table_name from duckdb_tables()"
        " where database_name = current_database()"
    ).fetchall()
    return {
        f"{schema}.{table}": {
            value for row in connection.table(f'"{schema}"."{table}"').fetchall() for value in row
        }
        for schema, table in tables
    }


@pytest.fixture(scope="module", autouse=True)
def key() -> Iterator[pytest.MonkeyPatch]:
    """The key that dbt finds in its environment."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(KEY_VARIABLE, FIRST_KEY)
        yield environment


@pytest.fixture(scope="module")
def raw_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Users with ids that are no other number; some fall silent two weeks before the end."""
    folder = tmp_path_factory.mktemp("raw_logs")
    write_days(folder, FIRST_DATE, days=46, users=USERS)
    for path in folder.iterdir():
        lines = [line.split("\t", 1) for line in path.read_text().splitlines()]
        is_late = path.name > "20170403"
        write_lines(
            path,
            *(
                f"{IDS[int(uid)]}\t{rest}"
                for uid, rest in lines
                if not (is_late and int(uid) % 4 == 1)
            ),
        )
    write_lines(
        folder / "20170410_2_search.log",
        *(
            search(IDS[uid], search_query=f"{SEARCHED}{uid}+%E6%AD%8C")
            for uid in IDS
            if uid % 2 == 0
        ),
        search("nobody", search_query=f"{SEARCHED}_nobody"),
        f"{IDS[2]}\tar\t{REJECTED}_cut",
    )
    write_lines(
        folder / "20170410_2_play.log",
        play(IDS[2]),
        play("nobody", song_name=f"{REJECTED}_name", singer=f"{REJECTED}_singer"),
        f"{play(IDS[2], song_name=f'{REJECTED}_many')}\t{REJECTED}",
    )
    write_lines(folder / "20170410_2_down.log", download(f"{REJECTED}_uid"), f"{REJECTED}_line")
    return folder


@pytest.fixture(scope="module")
def whole(raw_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Build everything, under pseudonyms of the first key."""
    folder = tmp_path_factory.mktemp("warehouse")
    return build(raw_logs, folder, *WITHOUT_UNIT_TESTS, "--vars", json.dumps(VARIABLES))


@pytest.fixture(scope="module")
def first(whole: Warehouse) -> dict[str, bytes]:
    """What it published."""
    return state_of(whole.folder)


@pytest.fixture(scope="module")
def published(whole: Warehouse, first: dict[str, bytes]) -> dict[str, set[object]]:
    """Every value of it, of the database and of the Parquet files."""
    assert first
    with read(whole.folder) as connection:
        values = values_of(connection)
        for path in (whole.folder / "published").glob("*.parquet"):
            rows = connection.read_parquet(str(path)).fetchall()
            values[path.name] = {value for row in rows for value in row}
    return values


# --- what is published --------------------------------------------------------------------------


def test_no_search_and_no_raw_line_is_published(
    whole: Warehouse, first: dict[str, bytes], published: dict[str, set[object]]
) -> None:
    marks = (SEARCHED, REJECTED)
    with duckdb.connect(str(whole.folder / "music_box.duckdb"), read_only=True) as connection:
        working = {
            (table, mark)
            for table, values in values_of(connection).items()
            for mark in marks
            if any(mark in str(value) for value in values)
        }
    assert ("staging.stg_player_logs__searches", SEARCHED) in working
    assert ("reports.rpt_rejected_lines", SEARCHED) in working
    assert ("reports.rpt_rejected_lines", REJECTED) in working

    found = {
        table
        for table, values in published.items()
        if any(mark in str(value) for value in values for mark in marks)
    }
    assert found == set()
    assert [
        name for name, content in first.items() if any(mark.encode() in content for mark in marks)
    ] == []


def test_no_id_of_a_user_is_published(
    first: dict[str, bytes], published: dict[str, set[object]]
) -> None:
    ids = set(IDS.values())
    assert [table for table, values in published.items() if ids & values] == []
    texts = {str(number) for number in ids}
    assert [
        table
        for table, values in published.items()
        if any(text in value for value in values if isinstance(value, str) for text in texts)
    ] == []
    content = first["music_box.duckdb"]
    assert [number for number in ids if number.to_bytes(8, "little") in content] == []


def test_a_user_has_the_same_pseudonym_in_every_table(
    whole: Warehouse, published: dict[str, set[object]]
) -> None:
    """Wherever the working database has an id, the published one has its pseudonym."""
    pseudonyms = {user_id: pseudonym_of(user_id, FIRST_KEY) for user_id in IDS.values()}
    tables = whole.rows(
        """
        select schema_name || '.' || table_name, column_name from duckdb_columns()
        where database_name = current_database() and column_name like '%user_id'
        """
    )
    seen = set()
    with read(whole.folder) as connection:
        for table, column in tables:
            if table not in published:
                continue
            count = f"select {column}, count(*) from {table} group by all"
            expected = {(pseudonyms[user_id], rows) for user_id, rows in whole.rows(count)}
            assert set(connection.sql(count).fetchall()) == expected, table
            seen |= {table} if expected else set()
    assert {
        "churn.churn_risk_users",
        "features.user_features",
        "recommendations.recommendations",
        "recommendations.user_song_ratings",
        "reports.user_daily_activity",
    } <= seen


def test_the_key_is_written_nowhere(whole: Warehouse) -> None:
    files = [path for path in whole.folder.rglob("*") if path.is_file()]
    assert {"manifest.json", "dbt.log", "music_box.duckdb"} <= {path.name for path in files}
    assert [path for path in files if FIRST_KEY.encode() in path.read_bytes()] == []
    assert FIRST_KEY not in whole.output


def test_logs_of_others_are_not_called_generated(published: dict[str, set[object]]) -> None:
    assert False in published["reports.published_snapshot"]
    assert True not in published["reports.published_snapshot"]


# --- parts and failures -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def part(raw_logs: Path, whole: Warehouse, first: dict[str, bytes]) -> Warehouse:
    """Build a part, without a key."""
    assert first
    return build(
        raw_logs, whole.folder, "--select", "published_snapshot+", *WITHOUT_UNIT_TESTS,
        "--vars", json.dumps(VARIABLES),
    )  # fmt: skip


def test_a_part_publishes_nothing_and_says_so(part: Warehouse, first: dict[str, bytes]) -> None:
    assert "published_copy" in names_of(part, "success")
    assert LEFT_ALONE in part.output
    assert "To publish: `dbt build`, or `dbt build --selector daily`." in part.output
    assert state_of(part.folder) == first


def test_after_a_part_the_table_says_what_is_published(part: Warehouse) -> None:
    with read(part.folder) as published:
        expected = [
            (schema, table, published.table(f'"{schema}"."{table}"').shape[0])
            for schema, table in published.sql(
                "select schema_name, table_name from duckdb_tables()"
                " where database_name = current_database()"
            ).fetchall()
        ]
    assert part.rows("from reports.published_copy order by all") == sorted(expected)
    assert len(expected) > 40


@pytest.fixture(scope="module")
def failed(raw_logs: Path, part: Warehouse) -> Warehouse:
    """A daily run above which a data test fails: an estimator is not the one that was stored."""
    with duckdb.connect(str(part.folder / "music_box.duckdb")) as connection:
        connection.execute(
            "update churn.churn_fit_random_forest set artifact = artifact || '\\x00'::blob"
        )
    return run_dbt(raw_logs, part.folder, "build", *DAILY, *QUICK)


@pytest.fixture(scope="module")
def failed_names(failed: Warehouse) -> tuple[set[str], set[str]]:
    """Nodes that failed, and those that were skipped."""
    return names_of(failed, "fail"), names_of(failed, "skipped")


def test_a_data_test_that_fails_above_it_publishes_nothing(
    failed: Warehouse, failed_names: tuple[set[str], set[str]], first: dict[str, bytes]
) -> None:
    assert failed.return_code != 0
    assert "assert_artifacts_are_those_that_were_stored" in failed_names[0]
    assert "published_copy" in failed_names[1]
    assert state_of(failed.folder) == first


@pytest.fixture(scope="module")
def retried(
    raw_logs: Path, failed: Warehouse, failed_names: tuple[set[str], set[str]]
) -> Warehouse:
    """The same again once the estimator is mended."""
    assert failed_names
    with duckdb.connect(str(failed.folder / "music_box.duckdb")) as connection:
        connection.execute(
            "update churn.churn_fit_random_forest"
            " set artifact = artifact[:-2]::blob where artifact is not null"
        )
    return run_dbt(raw_logs, failed.folder, "retry")


def test_a_retry_publishes_nothing_and_says_so(retried: Warehouse, first: dict[str, bytes]) -> None:
    """Nobody knows what was built between the failure and the retry."""
    assert retried.return_code == 0, retried.output
    assert "published_copy" in names_of(retried, "success")
    assert LEFT_ALONE in retried.output
    assert state_of(retried.folder) == first


@pytest.fixture(scope="module")
def daily(raw_logs: Path, retried: Warehouse, key: pytest.MonkeyPatch) -> Warehouse:
    """A daily run with another key."""
    key.setenv(KEY_VARIABLE, SECOND_KEY)
    return build(raw_logs, retried.folder, *DAILY, "--vars", json.dumps(VARIABLES))


def test_a_daily_run_publishes_with_the_key_of_the_day(daily: Warehouse) -> None:
    assert LEFT_ALONE not in daily.output
    with read(daily.folder) as published:
        users = published.sql("select user_id from reports.user_daily_activity").fetchall()
    assert {user_id for (user_id,) in users} == {
        pseudonym_of(user_id, SECOND_KEY) for user_id in IDS.values()
    }
    assert os.environ[KEY_VARIABLE] == SECOND_KEY
