"""The published copy: complete, commented, readable by old clients, and never half written."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from music_box.publishing.copies import TYPES, PublishingError, publish, published_tables

from publishing.test_pseudonyms import KEY, pseudonym_of

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


@pytest.fixture(autouse=True)
def _nobody_is_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("music_box.publishing.copies.READER_SECONDS", 0)


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
    (only_copy,) = folder.with_name(f"{folder.name}_copies").iterdir()
    assert only_copy == folder.resolve()


def test_all_tables_change_in_one_step(
    working: duckdb.DuckDBPyConnection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the last step, as where a build is killed before it, every file is the old one."""
    before = state_of(folder)
    working.execute("insert into reports.snapshots values ('2017-05-12')")

    def never(_link: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", never)
        with pytest.raises(KeyboardInterrupt):
            publish(working, PUBLIC, folder)
    assert state_of(folder) == before

    publish(working, PUBLIC, folder)
    with read(folder) as published:
        assert published.sql("select count(*) from reports.snapshots").fetchall() == [(2,)]


def test_a_copy_in_the_place_of_the_link_is_replaced(
    working: duckdb.DuckDBPyConnection, folder: Path, tmp_path: Path
) -> None:
    """As `cp` leaves it, which follows links."""
    copied = tmp_path / "copied"
    shutil.copytree(folder, copied)

    publish(working, PUBLIC, copied)

    assert copied.is_symlink()
    assert state_of(copied) == state_of(folder)
    (only_copy,) = copied.with_name("copied_copies").iterdir()
    assert only_copy == copied.resolve()


def test_a_published_folder_that_is_neither_link_nor_copy_is_left_alone(
    working: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "published").mkdir()

    with pytest.raises(PublishingError, match="move it away"):
        publish(working, PUBLIC, tmp_path / "published")

    assert list(tmp_path.glob("published/*")) == []


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


def test_what_is_published_is_read_from_the_copy(
    working: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    working.execute("insert into reports.snapshots values ('2017-05-12')")
    assert list(published_tables(folder).itertuples(index=False, name=None)) == [
        ("features", "user_features", 2),
        ("reports", "nothing_yet", 0),
        ("reports", "snapshots", 1),
    ]


def test_where_nothing_is_published_nothing_is_listed(tmp_path: Path) -> None:
    assert published_tables(tmp_path / "nowhere").empty
    assert list(published_tables(tmp_path / "nowhere")) == list(TYPES)


# --- pseudonyms ---------------------------------------------------------------------------------

IDS = [900_000_000_000_000_000 + 7_777_777_777 * number for number in range(5_000)]
PEOPLE = f"""
    create schema people;
    create table people.plays as
        select {IDS[0]} + 7777777777 * (number % 5000) as user_id, number as song_id
        from range(300000) as numbers (number) order by all;
    comment on column people.plays.user_id is 'The log''s uid.';
    comment on column people.plays.song_id is 'Id of the song.';
    create table people.ratings as
        select {IDS[0]} + 7777777777 * (4999 - number) as user_id, 'text' as reason, null::date as d
        from range(4000) as numbers (number);
    insert into people.ratings values (null, null, null);
    create table people.overlap as
        select 2 as songs, {IDS[7]} as example_user_id, {IDS[8]} as user_id;
    create table people.nobody as select 17 as users;
"""
TABLES = ["plays", "ratings", "overlap", "nobody"]


@pytest.fixture
def pseudonymous(working: duckdb.DuckDBPyConnection, tmp_path: Path) -> Path:
    """Tables of people, published under pseudonyms, with dbt's settings of the connection."""
    working.execute("set preserve_insertion_order = false")
    working.execute(PEOPLE)
    publish(working, TABLES, tmp_path / "pseudonymous", KEY.encode())
    return tmp_path / "pseudonymous"


def copies_of(folder: Path, table: str) -> list[duckdb.DuckDBPyRelation]:
    """The same table of the database and of its Parquet file."""
    return [
        read(folder).table(f"people.{table}"),
        duckdb.read_parquet(str(folder / table) + ".parquet"),
    ]


def test_every_user_id_is_replaced_by_its_pseudonym(
    working: duckdb.DuckDBPyConnection, pseudonymous: Path
) -> None:
    """Rows stay what they are, missing ids stay missing, and types stay those of the contract."""
    pseudonyms = {None: None} | {user_id: pseudonym_of(user_id, KEY) for user_id in IDS}
    for table in TABLES:
        original = working.table(f"people.{table}")
        places = [place for place, name in enumerate(original.columns) if name.endswith("user_id")]
        expected = Counter(
            tuple(
                pseudonyms[value] if place in places else value for place, value in enumerate(row)
            )
            for row in original.fetchall()
        )
        for copy in copies_of(pseudonymous, table):
            assert Counter(copy.fetchall()) == expected
            assert copy.columns == original.columns
            assert copy.types == original.types


def test_no_id_is_left_in_any_column_or_file(pseudonymous: Path) -> None:
    ids = set(IDS)
    for table in TABLES:
        for copy in copies_of(pseudonymous, table):
            assert not ids & {value for row in copy.fetchall() for value in row}
    content = (pseudonymous / "music_box.duckdb").read_bytes()
    assert [number for number in IDS[::50] if number.to_bytes(8, "little") in content] == []


def test_tables_join_as_they_did(working: duckdb.DuckDBPyConnection, pseudonymous: Path) -> None:
    statement = "select count(*) from people.plays join people.ratings using (user_id)"
    with read(pseudonymous) as published:
        assert published.sql(statement).fetchall() == working.sql(statement).fetchall()


def test_rows_follow_the_pseudonyms_and_not_the_ids(pseudonymous: Path) -> None:
    """An order by id would tell who is who, whatever the id is replaced by."""
    for table in ("plays", "ratings"):
        for copy in copies_of(pseudonymous, table):
            stored = [row[0] for row in copy.fetchall() if row[0] is not None]
            assert stored == sorted(stored)


def test_comments_say_what_is_a_pseudonym(pseudonymous: Path) -> None:
    with read(pseudonymous) as published:
        comments = dict(
            published.sql(
                "select table_name || '.' || column_name, comment from duckdb_columns()"
                " where database_name = current_database()"
            ).fetchall()
        )
    assert comments["plays.user_id"].startswith("The log's uid. Published as a pseudonym")
    assert comments["overlap.example_user_id"].startswith("Published as a pseudonym")
    assert comments["plays.song_id"] == "Id of the song."
    assert comments["nobody.users"] is None


def test_nothing_that_leads_back_stays_in_the_working_database(
    working: duckdb.DuckDBPyConnection, pseudonymous: Path
) -> None:
    assert pseudonymous.exists()
    names = working.sql(
        "select table_name from duckdb_tables() union select view_name from duckdb_views()"
        " where not internal"
    ).fetchall()
    assert not [name for (name,) in names if "pseudonym" in name]


def test_pseudonyms_of_no_table_of_users_are_none(
    working: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    publish(working, ["snapshots"], tmp_path / "published", KEY.encode())
    assert published_tables(tmp_path / "published")["table_rows"].tolist() == [1]
