"""Reading the published copy while dbt builds: SQLAlchemy as in Superset, pandas, pl."""

from __future__ import annotations

import datetime as dt
import logging
import multiprocessing
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from conftest import WITHOUT_UNIT_TESTS, Warehouse, build
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import NullType

from publishing.bi_client import (
    PatientReader,
    State,
    publish_versions,
    read_all,
    superset_engine,
)

# What was measured: pytest --log-cli-level INFO
LOGGER = logging.getLogger(__name__)
DATABASE = "music_box.duckdb"
READ_ERRORS = (SQLAlchemyError, duckdb.Error, pl.exceptions.PolarsError, OSError)
# Contract types, as each client knows them.
POLARS_TYPES = {
    "BIGINT": pl.Int64,
    "INTEGER": pl.Int32,
    "DOUBLE": pl.Float64,
    "VARCHAR": pl.String,
    "BOOLEAN": pl.Boolean,
    "DATE": pl.Date,
    "TIMESTAMP": pl.Datetime("us"),
}
# Kinds of pandas columns; a column with missing values has a wider type.
PANDAS_KINDS = {
    "BIGINT": "if",
    "INTEGER": "if",
    "DOUBLE": "f",
    "VARCHAR": "OT",
    "BOOLEAN": "bO",
    "DATE": "M",
    "TIMESTAMP": "M",
}
PYTHON_TYPES = {
    "BIGINT": int,
    "INTEGER": int,
    "DOUBLE": float,
    "VARCHAR": str,
    "BOOLEAN": bool,
    "DATE": dt.date,
    "TIMESTAMP": dt.datetime,
}


@dataclass(frozen=True)
class Column:
    """A published column as the working database knows it."""

    schema: str
    table: str
    name: str
    type: str
    comment: str


@dataclass
class Rebuild:
    """What readers saw while dbt built the warehouse anew and published it."""

    old: State
    new: State
    old_parquet: dict[str, int]
    new_parquet: dict[str, int]
    seen: list[State] = field(default_factory=list)
    seen_parquet: list[dict[str, int]] = field(default_factory=list)
    patient: list[State] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        return {
            "publishes": len(set(self.files)) - 1,
            "connections": len(self.seen),
            "tables": len(self.old),
            "reads": sum(len(state) for state in self.seen),
            "Parquet files read": sum(len(state) for state in self.seen_parquet),
            "errors": len(self.errors),
            "slowest connection, seconds": round(max(self.seconds), 2),
        }


def own_process() -> ProcessPoolExecutor:
    """A process of its own: within one, DuckDB shares what is open at a path."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def read_once(database: Path) -> State:
    with superset_engine(database).connect() as connection:
        return read_all(connection)


def parquet_rows(folder: Path) -> dict[str, int]:
    """Rows of every Parquet file, each of them read whole."""
    return {path.stem: pl.read_parquet(path).height for path in folder.glob("*.parquet")}


def follow(rebuild: Rebuild, published: Path, working: Callable[[], bool]) -> None:
    """Read everything again and again, each time over a new connection."""
    while working():
        started = time.monotonic()
        rebuild.files.append((published / DATABASE).stat().st_ino)
        try:
            rebuild.seen.append(read_once(published / DATABASE))
            rebuild.seen_parquet.append(parquet_rows(published))
        except READ_ERRORS as error:
            rebuild.errors.append(repr(error))
        rebuild.seconds.append(time.monotonic() - started)
        # dbt is to have a core for itself
        time.sleep(0.5)


@pytest.fixture(scope="module")
def rebuild(
    generated_warehouse: tuple[Path, Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Rebuild:
    """A day that comes is built and published by a copy of the warehouse, while others read it."""
    logs, warehouse = generated_warehouse
    folder = tmp_path_factory.mktemp("rebuilt")
    shutil.copytree(logs, folder / "logs")
    shutil.copytree(warehouse.folder, folder / "warehouse")
    for delivery in logs.glob("20170512*"):
        name = delivery.name.replace("20170512", "20170513")
        shutil.copy(delivery, folder / "logs" / name)
    published = folder / "warehouse" / "published"
    old, old_parquet = read_once(published / DATABASE), parquet_rows(published)
    seen = Rebuild(old, {}, old_parquet, {})

    with own_process() as patient, ThreadPoolExecutor() as threads:
        patient.submit(PatientReader.connect, published / DATABASE).result()
        seen.patient.append(patient.submit(PatientReader.read).result())
        built: Future[Warehouse] = threads.submit(
            build,
            folder / "logs",
            folder / "warehouse",
            "--selector",
            "daily",
            *WITHOUT_UNIT_TESTS,
        )
        follow(seen, published, lambda: not built.done())
        built.result()
        seen.patient.append(patient.submit(PatientReader.read).result())
        once_more = iter([True, False])
        follow(seen, published, lambda: next(once_more))
    seen.new, seen.new_parquet = read_once(published / DATABASE), parquet_rows(published)
    return seen


@pytest.fixture(scope="module")
def published(generated_warehouse: tuple[Path, Warehouse]) -> Path:
    _, warehouse = generated_warehouse
    return warehouse.folder / "published"


@pytest.fixture(scope="module")
def columns(generated_warehouse: tuple[Path, Warehouse]) -> list[Column]:
    """Columns of published tables, by the working database, which was not published by us."""
    _, warehouse = generated_warehouse
    rows = warehouse.rows(
        """
        select columns.schema_name, table_name, column_name, data_type, columns.comment
        from duckdb_columns() as columns
        inner join reports.published_copy using (table_name)
        where columns.database_name = current_database()
        order by all
        """
    )
    return [Column(*row) for row in rows]


@pytest.fixture(scope="module")
def inspector(published: Path) -> Inspector:
    return inspect(superset_engine(published / DATABASE))


@pytest.mark.slow
def test_nobody_gets_an_error_while_dbt_builds(rebuild: Rebuild) -> None:
    LOGGER.info("read while dbt was building: %s", rebuild.figures())
    assert rebuild.errors == []
    assert rebuild.figures()["publishes"] == 1
    assert rebuild.figures()["connections"] >= 20
    assert rebuild.figures()["reads"] >= 20 * 40


@pytest.mark.slow
def test_a_new_connection_sees_the_old_copy_and_then_the_new_one(rebuild: Rebuild) -> None:
    """Every table at once: counts and values of one copy, never of both."""
    assert rebuild.old.keys() == rebuild.new.keys()
    assert rebuild.old["published_snapshot"] != rebuild.new["published_snapshot"]
    assert rebuild.old["user_daily_activity"] != rebuild.new["user_daily_activity"]
    before = [state == rebuild.old for state in rebuild.seen]
    after = [state == rebuild.new for state in rebuild.seen]
    assert before == [not new for new in after]
    assert before == sorted(before, reverse=True)
    assert before[0] and after[-1]


@pytest.mark.slow
def test_a_connection_that_stays_open_keeps_the_old_copy(rebuild: Rebuild) -> None:
    assert rebuild.patient == [rebuild.old, rebuild.old]


@pytest.mark.slow
def test_a_parquet_file_is_always_whole(rebuild: Rebuild) -> None:
    """Files are replaced one after another: each is of one copy, all together may be of both."""
    assert rebuild.old_parquet.keys() == rebuild.old.keys()
    assert rebuild.old_parquet != rebuild.new_parquet
    for seen in rebuild.seen_parquet:
        assert seen.keys() == rebuild.old.keys()
        for table, rows in seen.items():
            assert rows in {rebuild.old_parquet[table], rebuild.new_parquet[table]}
    assert rebuild.seen_parquet[-1] == rebuild.new_parquet


def test_many_publishes_never_show_two_copies_at_once(tmp_path: Path) -> None:
    """A build publishes once; here it is done as often as it can be."""
    published = tmp_path / "published"
    publish_versions(published, range(1))
    seen: list[int] = []
    with own_process() as publisher:
        publishes = publisher.submit(publish_versions, published, range(1, 11))
        while not publishes.done():
            with superset_engine(published / DATABASE).connect() as connection:
                rows = connection.execute(
                    text(
                        "select min(version), max(version), count(*) from reports.early"
                        " union all"
                        " select min(version), max(version), count(*) from reports.late"
                    )
                ).all()
            version = rows[0][0]
            assert [tuple(row) for row in rows] == [(version, version, 10_000 + version)] * 2
            seen.append(version)
        assert publishes.result() == 10
    assert seen == sorted(seen)
    assert len(seen) >= 40
    assert len(set(seen)) >= 8


def test_superset_lists_every_table_in_its_schema(
    inspector: Inspector, columns: list[Column]
) -> None:
    schemas = {
        schema.removeprefix("music_box."): set(inspector.get_table_names(schema=schema))
        for schema in inspector.get_schema_names()
        if schema.startswith("music_box.")
    }
    expected: dict[str, set[str]] = {"main": set()}
    for column in columns:
        expected.setdefault(column.schema, set()).add(column.table)
    assert schemas == expected
    assert len({column.table for column in columns}) >= 43


def test_superset_knows_every_column_its_type_and_its_comment(
    inspector: Inspector, columns: list[Column]
) -> None:
    seen = []
    for schema, table in sorted({(column.schema, column.table) for column in columns}):
        for column in inspector.get_columns(table, schema=f"music_box.{schema}"):
            assert not isinstance(column["type"], NullType), (table, column["name"])
            python_type = column["type"].python_type
            seen.append((schema, table, column["name"], python_type, column["comment"]))
    expected = [
        (
            column.schema,
            column.table,
            column.name,
            PYTHON_TYPES[column.type],
            column.comment.strip(),
        )
        for column in columns
    ]
    assert sorted(seen) == sorted(expected)
    assert all(comment for *_, comment in seen)
    assert len(seen) >= 545


def test_superset_knows_what_every_table_is(
    generated_warehouse: tuple[Path, Warehouse], inspector: Inspector, columns: list[Column]
) -> None:
    _, warehouse = generated_warehouse
    described = dict(
        warehouse.rows(
            "select table_name, comment from duckdb_tables()"
            " where database_name = current_database()"
        )
    )
    for schema, table in {(column.schema, column.table) for column in columns}:
        comment = inspector.get_table_comment(table, schema=f"music_box.{schema}")["text"]
        assert comment and comment == described[table]


def test_a_client_that_may_only_read_cannot_write(published: Path) -> None:
    engine = create_engine(f"duckdb:///{published / DATABASE}?access_mode=read_only")
    with (
        engine.connect() as connection,
        pytest.raises(Exception, match="attached in read-only mode"),
    ):
        connection.execute(text("create table reports.mine as select 1 as id"))
    engine.dispose()


def test_pandas_reads_every_table(published: Path, columns: list[Column]) -> None:
    with duckdb.connect(str(published / DATABASE), read_only=True) as connection:
        for table in sorted({column.table for column in columns}):
            typed = {column.name: column.type for column in columns if column.table == table}
            schema = next(column.schema for column in columns if column.table == table)
            frame = duckdb.read_parquet(str(published / f"{table}.parquet")).df()
            rows = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchall()
            assert [(len(frame),)] == rows
            assert list(frame.columns) == list(connection.table(f"{schema}.{table}").columns)
            for name, kind in typed.items():
                assert frame[name].dtype.kind in PANDAS_KINDS[kind], (table, name)


def test_polars_reads_every_table(published: Path, columns: list[Column]) -> None:
    with duckdb.connect(str(published / DATABASE), read_only=True) as connection:
        for table in sorted({column.table for column in columns}):
            typed = {column.name: column.type for column in columns if column.table == table}
            schema = next(column.schema for column in columns if column.table == table)
            path = published / f"{table}.parquet"
            frame = pl.read_parquet(path)
            rows = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchall()
            assert [(frame.height,)] == rows
            assert pl.scan_parquet(path).select(pl.len()).collect().item() == frame.height
            assert dict(frame.schema) == {name: POLARS_TYPES[kind] for name, kind in typed.items()}


def test_a_pool_keeps_its_whole_process_at_the_old_copy_until_it_lets_go(tmp_path: Path) -> None:
    """Why the engine of a dashboard should have no pool: DuckDB shares what is open at a path."""
    published = tmp_path / "published"
    publish_versions(published, range(1))
    path = published / DATABASE
    pooled = create_engine(f"duckdb:///{path}", connect_args={"read_only": True})
    plain = create_engine(f"duckdb:///{path}?access_mode=read_only")

    def version(engine: Engine) -> object:
        with engine.connect() as connection:
            return connection.execute(text("select max(version) from reports.early")).scalar()

    assert version(pooled) == 0
    publish_versions(published, range(1, 2))
    assert version(pooled) == 0
    pooled.dispose()
    assert version(pooled) == 1
    pooled.dispose()
    assert version(plain) == 1
    plain.dispose()


def test_a_view_of_a_parquet_file_follows_without_a_new_connection(tmp_path: Path) -> None:
    published = tmp_path / "published"
    publish_versions(published, range(1))
    with duckdb.connect() as connection:
        connection.execute(f"create view early as from read_parquet('{published}/early.parquet')")
        assert connection.sql("select max(version) from early").fetchall() == [(0,)]
        publish_versions(published, range(1, 2))
        assert connection.sql("select max(version) from early").fetchall() == [(1,)]
