"""The published copy: complete, commented, readable by old clients, and never half written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from music_box.publishing import PublishingError, publish

# Where a DuckDB file says how it is laid out, and the layout that DuckDB 1.0 reads.
LAYOUT_POSITION = slice(12, 20)
LAYOUT_OF_DUCKDB_1 = 64

MARTS = """
    create schema features;
    create schema reports;
    create table features.user_features (
        snapshot_date date not null, user_id bigint not null, plays_30d integer,
        play_seconds_30d double, is_paying boolean, first_seen_at timestamp, device varchar
    );
    insert into features.user_features values
        ('2017-04-28', 1, 3, 0.1, true, '2017-03-30 00:00:08', 'ar'),
        ('2017-04-28', 9223372036854775807, null, null, null, null, '歌 ''quoted'' "name"');
    comment on table features.user_features is 'It''s one row per user; "quoted".';
    comment on column features.user_features.plays_30d is 'Plays in the user''s window (count).';
    create table reports.snapshots as select date '2017-04-28' as snapshot_date;
    create table reports.nothing_yet (snapshot_date date);
"""
PUBLIC = ["user_features", "snapshots", "nothing_yet"]


@pytest.fixture
def working(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a working database with three marts."""
    with duckdb.connect(str(tmp_path / "working.duckdb")) as connection:
        connection.execute(MARTS)
        yield connection


@pytest.fixture
def folder(working: duckdb.DuckDBPyConnection, tmp_path: Path) -> Path:
    """The marts, published to a folder with a quote in its name."""
    path = tmp_path / "it's published"
    publish(working, PUBLIC, path)
    return path


def read(folder: Path) -> duckdb.DuckDBPyConnection:
    """Connect to the published copy as a BI tool does."""
    return duckdb.connect(str(folder / "music_box.duckdb"), read_only=True)


def state_of(folder: Path) -> dict[str, bytes]:
    """All published files."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_tables_are_published_row_by_row_in_their_schemas(
    working: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    with read(folder) as published:
        for table in ("features.user_features", "reports.snapshots", "reports.nothing_yet"):
            statement = f"select * from {table} order by all"
            assert published.sql(statement).fetchall() == working.sql(statement).fetchall()
            assert published.table(table).types == working.table(table).types


def test_parquet_files_hold_the_same_rows(working: duckdb.DuckDBPyConnection, folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "music_box.duckdb",
        "user_features.parquet",
        "snapshots.parquet",
        "nothing_yet.parquet",
    }
    parquet = working.read_parquet(str(folder / "user_features.parquet")).order("all")
    assert parquet.fetchall() == working.table("features.user_features").order("all").fetchall()
    assert parquet.types == working.table("features.user_features").types
    assert working.read_parquet(str(folder / "nothing_yet.parquet")).fetchall() == []


def test_what_was_published_is_listed(working: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    listed = publish(working, PUBLIC, tmp_path / "published")

    assert list(listed.itertuples(index=False, name=None)) == [
        ("features", "user_features", 2),
        ("reports", "snapshots", 1),
        ("reports", "nothing_yet", 0),
    ]


def test_comments_are_published_with_their_quotes(folder: Path) -> None:
    with read(folder) as published:
        assert published.sql(
            "select table_name, comment from duckdb_tables() where comment is not null"
        ).fetchall() == [("user_features", 'It\'s one row per user; "quoted".')]
        assert published.sql(
            "select column_name, comment from duckdb_columns()"
            " where comment is not null and database_name = current_database()"
        ).fetchall() == [("plays_30d", "Plays in the user's window (count).")]


def test_a_client_of_duckdb_1_can_open_the_file(
    working: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    """The file says so itself; a file in today's default layout does not."""
    content = (folder / "music_box.duckdb").read_bytes()
    assert int.from_bytes(content[LAYOUT_POSITION], "little") == LAYOUT_OF_DUCKDB_1
    with read(folder) as published:
        assert published.sql(
            "select tags['storage_version'] from duckdb_databases()"
            " where database_name = current_database()"
        ).fetchall() == [("v1.0.0+",)]

    working.execute("checkpoint")
    default = (folder.parent / "working.duckdb").read_bytes()
    assert int.from_bytes(default[LAYOUT_POSITION], "little") != LAYOUT_OF_DUCKDB_1


def test_an_open_reader_keeps_what_it_has_while_a_new_one_sees_the_new_copy(
    working: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    with read(folder) as early:
        working.execute("insert into reports.snapshots values ('2017-05-12')")
        publish(working, PUBLIC, folder)

        # an instance of its own, since one more connection to the path would share the open file
        late = duckdb.connect(":memory:")
        path = str(folder / "music_box.duckdb").replace("'", "''")
        late.execute(f"attach '{path}' as p (read_only)")
        assert late.sql("select count(*) from p.reports.snapshots").fetchall() == [(2,)]
        assert early.sql("select count(*) from reports.snapshots").fetchall() == [(1,)]


@pytest.mark.parametrize("name", ["music_box.duckdb", "snapshots.parquet"])
def test_a_file_that_is_open_is_never_written_to(
    working: duckdb.DuckDBPyConnection, folder: Path, name: str
) -> None:
    """A reader that has read half of it must find the other half of the same copy."""
    before = (folder / name).read_bytes()
    with (folder / name).open("rb") as reader:
        working.execute("insert into reports.snapshots values ('2017-05-12')")
        publish(working, PUBLIC, folder)

        assert reader.read() == before
    assert (folder / name).read_bytes() != before


@pytest.mark.parametrize(
    ("statement", "tables", "message"),
    [
        ("select 1", ["user_features", "songs"], "'songs' is to be published, but 0 tables"),
        (
            "create view reports.songs as select 1",
            ["songs"],
            "'songs' is to be published, but 0 tables",
        ),
        (
            "create table features.snapshots as select 1",
            ["snapshots"],
            "'snapshots' is to be published, but 2 tables",
        ),
        ("create table reports.songs as select [1, 2] as ids", ["songs"], "ids"),
        ("create table reports.songs (ids integer[3])", ["songs"], "ids"),
        ("create table reports.songs as select {'id': 1} as song", ["songs"], "song"),
        ("create table reports.songs as select map {'id': 1} as song", ["songs"], "song"),
        ("create table reports.songs as select 'x'::blob as artifact", ["songs"], "artifact"),
        ("create table reports.songs (id union(a integer, b varchar))", ["songs"], "id"),
    ],
)
def test_what_cannot_be_published_is_told_and_the_old_copy_stays(
    working: duckdb.DuckDBPyConnection,
    folder: Path,
    statement: str,
    tables: list[str],
    message: str,
) -> None:
    before = state_of(folder)
    working.execute(statement)

    with pytest.raises(PublishingError, match=message):
        publish(working, [*PUBLIC[:1], *tables], folder)

    assert state_of(folder) == before


def test_a_copy_that_fails_half_way_leaves_the_old_one_and_the_next_succeeds(
    working: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    before = state_of(folder)
    working.execute("create table reports.songs as select 1::variant as id")

    with pytest.raises(duckdb.Error):
        publish(working, [*PUBLIC, "songs"], folder)
    assert state_of(folder) == before

    working.execute("drop table reports.songs")
    working.execute("insert into reports.snapshots values ('2017-05-12')")
    publish(working, PUBLIC, folder)
    with read(folder) as published:
        assert published.sql("select count(*) from reports.snapshots").fetchall() == [(2,)]
    assert not (folder / ".unfinished").exists()


def test_a_table_that_is_no_longer_public_is_gone_from_both_copies(
    working: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    publish(working, PUBLIC[:1], folder)

    assert {path.name for path in folder.iterdir()} == {"music_box.duckdb", "user_features.parquet"}
    with read(folder) as published:
        assert published.sql("select table_name from duckdb_tables()").fetchall() == [
            ("user_features",)
        ]


def test_the_working_database_is_left_as_it_was(
    working: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    assert folder.exists()
    assert working.sql(
        "select database_name from duckdb_databases() where not internal"
    ).fetchall() == [("working",)]
