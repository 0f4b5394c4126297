"""Nobody finds search texts or raw lines in what is published, or forgotten users anywhere."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, WITHOUT_UNIT_TESTS, Warehouse, build
from deliveries.contents import contents_of, differing_tables
from deliveries.lines import download, play, search, write_days, write_lines
from music_box.forgetting import KEY_VARIABLE, key_check, user_hash

# Ids, queries and lines that nothing else in a warehouse looks like.
FORGOTTEN, REMEMBERED = 7_301_946_258_013, 5_920_184_736_551
QUERY, BROKEN = "what-only-one-person-asked", "what-no-record-was-made-of"
KEY = "a secret that is long enough to be one"
PARTS = ["models", "macros", "seeds", "tests", "python_models", "profiles"]
FILES = ["dbt_project.yml", "selectors.yml", ".dbtignore"]
# These logs hold more broken lines than a service's.
ARGUMENTS = (*WITHOUT_UNIT_TESTS, "--vars", json.dumps({"largest_rejected_share": 0.5}))


def write_people(folder: Path) -> None:
    """Days of many, and of two people who do everything every day."""
    first = date(2017, 3, 2)
    write_days(folder, first, days=46, users=25)
    for offset in range(46):
        day = first + timedelta(days=offset)
        people = (FORGOTTEN, REMEMBERED)
        write_lines(
            folder / f"{day:%Y%m%d}_2_play.log",
            *(play(user_id, 1 + song) for user_id in people for song in range(7)),
            *(f"\t\t{play(user_id)}" for user_id in people),
        )
        write_lines(
            folder / f"{day:%Y%m%d}_2_down.log",
            *(download(user_id) for user_id in people),
            *(f"{user_id}\tar\t11\t{BROKEN}" for user_id in people),
        )
        write_lines(
            folder / f"{day:%Y%m%d}_2_search.log",
            *(search(user_id, search_query=QUERY) for user_id in people),
        )


def forms_of(user_id: int) -> list[bytes]:
    """An id as files hold it: digits, and eight bytes."""
    return [str(user_id).encode(), user_id.to_bytes(8, "little")]


def files_with(folder: Path, *texts: bytes) -> list[str]:
    """Files that hold one of these bytes."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(text in path.read_bytes() for text in texts)
    ]


def tables_with(database: Path, user_id: int) -> list[str]:
    """Tables in which a value is, or holds, this id."""
    found = []
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables"
            " where table_catalog = current_database()"
        ).fetchall()
        for schema, table in tables:
            rows = connection.execute(
                f'select count(*) from "{schema}"."{table}" as one'
                f" where contains(cast(one as varchar), '{user_id}')"
            ).fetchall()
            if rows != [(0,)]:
                found.append(f"{schema}.{table}")
    return found


def parquet_files_with(warehouse: Path, user_id: int) -> list[str]:
    """Published files in which a value is, or holds, this id."""
    return [
        path.name
        for path in (warehouse / "published").glob("*.parquet")
        if duckdb.execute(
            f"select count(*) from '{path}' as one"
            f" where contains(cast(one as varchar), '{user_id}')"
        ).fetchall()
        != [(0,)]
    ]


def project_that_forgets(folder: Path, *user_ids: int) -> Path:
    """A copy of the project whose seed names these users."""
    for part in PARTS:
        shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(PROJECT / name, folder / name)
    check = key_check(KEY.encode())
    hashes = [f"{user_hash(str(user_id).encode(), KEY.encode())},{check}" for user_id in user_ids]
    (folder / "seeds/forgotten_users.csv").write_text(
        "\n".join(["user_hash,key_check", *hashes, ""])
    )
    return folder


@pytest.fixture(scope="module")
def raw_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of many, and of two."""
    folder = tmp_path_factory.mktemp("raw_logs")
    write_people(folder)
    return folder


@pytest.fixture(scope="module")
def before(raw_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A warehouse that knows everybody."""
    return build(raw_logs, tmp_path_factory.mktemp("warehouse"), *ARGUMENTS)


@pytest.fixture(scope="module")
def after(raw_logs: Path, before: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The same, built again after somebody asked to be forgotten."""
    folder = tmp_path_factory.mktemp("after") / "warehouse"
    shutil.copytree(before.folder, folder, symlinks=True)
    project = project_that_forgets(tmp_path_factory.mktemp("project"), FORGOTTEN)
    return build(raw_logs, folder, *ARGUMENTS, project=project, settings={KEY_VARIABLE: KEY})


def test_search_texts_and_broken_lines_are_published_nowhere(before: Warehouse) -> None:
    texts = (QUERY.encode(), BROKEN.encode())
    assert "music_box.duckdb" in files_with(before.folder, *texts)
    assert files_with(before.folder / "published", *texts) == []


def test_whoever_is_not_forgotten_is_found(before: Warehouse, after: Warehouse) -> None:
    """Else the search below would find nothing in any case."""
    for warehouse, user_id in ((before, FORGOTTEN), (after, REMEMBERED)):
        tables = tables_with(warehouse.folder / "music_box.duckdb", user_id)
        assert {"staging.stg_player_logs__plays", "features.user_features"} <= set(tables)
        # what is published is packed, and has to be asked
        assert "music_box.duckdb" in files_with(warehouse.folder, *forms_of(user_id))
        assert "user_features.parquet" in parquet_files_with(warehouse.folder, user_id)


def test_a_forgotten_user_is_in_no_table_and_in_no_file(after: Warehouse) -> None:
    for database in ("music_box.duckdb", "published/music_box.duckdb"):
        assert tables_with(after.folder / database, FORGOTTEN) == []
    assert parquet_files_with(after.folder, FORGOTTEN) == []
    assert files_with(after.folder, *forms_of(FORGOTTEN)) == []


def test_lines_of_a_forgotten_user_are_counted(before: Warehouse, after: Warehouse) -> None:
    sums = (
        "select sum(lines),"
        " sum(accepted_lines + repaired_lines + rejected_lines + set_aside_lines),"
        " sum(rejected_forgotten) from reports.rpt_deliveries"
    )
    ((lines, accounted, forgotten),) = after.rows(sums)
    # seven plays, one to be repaired, a download, a broken line and a search a day
    assert (lines, accounted, forgotten) == (lines, lines, 46 * 11)
    assert before.rows(sums) == [(lines, lines, 0)]


@pytest.mark.slow
def test_models_are_fitted_without_him(
    raw_logs: Path, after: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every table is the one that is built without the user, but for what tells of files."""
    folder = tmp_path_factory.mktemp("without")
    for path in raw_logs.iterdir():
        lines = path.read_bytes().split(b"\n")
        kept = [line for line in lines if str(FORGOTTEN).encode() not in line]
        (folder / path.name).write_bytes(b"\n".join(kept))
    without = build(folder, tmp_path_factory.mktemp("warehouse"), *ARGUMENTS)
    found = [contents_of(one.folder / "music_box.duckdb") for one in (after, without)]
    of_files = {
        "staging.landed_files", "staging.forgotten_users", "reports.rpt_deliveries",
        "reports.rpt_rejected_lines", "published.published_copy",
    }  # fmt: skip
    differing = [
        table
        for table in differing_tables(*found)
        if table not in of_files and not table.startswith("staging.stg_")
    ]
    assert differing == []
