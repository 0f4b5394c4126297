"""What a BI tool does with the published copy, in this process or in one of its own."""

from __future__ import annotations

from pathlib import Path

import duckdb
from music_box.publishing.copies import publish
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

HEAD_ROWS = 100
# Rows and fingerprint of a table, by its name.
State = dict[str, tuple[int, str]]


def superset_engine(database: Path) -> Engine:
    """An engine as Superset makes it: an agent of its own, and no pool."""
    return create_engine(
        f"duckdb:///{database}",
        connect_args={"read_only": True, "config": {"custom_user_agent": "apache-superset/6.1.0"}},
        poolclass=NullPool,
    )


def read_table(connection: Connection, schema: str, table: str) -> tuple[int, str]:
    """Fetch the head of a table, count its rows and read every value of them."""
    head = connection.execute(text(f'select * from "{schema}"."{table}" limit {HEAD_ROWS}')).all()
    rows, fingerprint = connection.execute(
        text(
            "select count(*), cast(sum(cast(hash(whole_row) as hugeint)) as varchar)"
            f' from "{schema}"."{table}" as whole_row'
        )
    ).one()
    assert len(head) == min(rows, HEAD_ROWS)
    return rows, fingerprint


def read_all(connection: Connection) -> State:
    """Read every table that the connection can see."""
    tables = connection.execute(
        text(
            "select schema_name, table_name from duckdb_tables()"
            " where database_name = current_database() order by all"
        )
    ).all()
    return {table: read_table(connection, schema, table) for schema, table in tables}


class PatientReader:
    """A connection that is never closed, for a process that does nothing else."""

    connection: Connection

    @classmethod
    def connect(cls, database: Path) -> None:
        """Open the connection; it ends with the process."""
        cls.connection = superset_engine(database).connect()

    @classmethod
    def read(cls) -> State:
        """Read every table over the connection that is open."""
        return read_all(cls.connection)


def publish_versions(folder: Path, versions: range) -> int:
    """Publish two tables that belong together, once per version; returns how often."""
    for version in versions:
        with duckdb.connect() as connection:
            connection.execute("create schema reports")
            for table in ("early", "late"):
                connection.execute(
                    f"create table reports.{table} as select {version} as version"
                    f" from range({10_000 + version})"
                )
            publish(connection, ["early", "late"], folder)
    return len(versions)
