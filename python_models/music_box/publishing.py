"""The published copy: what people and BI tools read while dbt writes the working database."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd
from tqdm import tqdm

# Older clients read it too: a file in the default format of the newest DuckDB opens only there.
STORAGE_VERSION = "v1.0.0"
DATABASE = "music_box.duckdb"


class PublishingError(Exception):
    """A table that cannot be published; the message says which and why."""


def publish(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str], folder: Path
) -> pd.DataFrame:
    """Copy tables with their comments to a database and Parquet files that readers may keep open.

    Everything is written beside its place first and then renamed: a reader who is connected keeps
    what it has, a new one sees the new copy, and a copy that fails changes nothing.

    Parameters
    ----------
    connection
        A connection to the working database, without a transaction of its own.
    tables
        Names of the tables, unique across schemas.
    folder
        The published folder: `music_box.duckdb`, with the schemas of the working database, and one
        Parquet file per table. Parquet files of tables that are no longer public are removed.

    Returns
    -------
    DataFrame
        One row per table: `schema_name`, `table_name`, `table_rows`.

    Raises
    ------
    PublishingError
        If a table is missing, is there in two schemas, or has a column that BI tools cannot type.
    """
    schemas = {table: _schema_of(connection, table) for table in tables}
    workshop = folder / ".unfinished"
    shutil.rmtree(workshop, ignore_errors=True)
    workshop.mkdir(parents=True)
    connection.execute(
        f"attach '{_quoted(workshop / DATABASE)}' as published "
        f"(storage_version '{STORAGE_VERSION}')"
    )
    try:
        rows = [
            (schema, table, _copy(connection, schema, table, workshop))
            for table, schema in tqdm(schemas.items(), desc="publishing", unit="table")
        ]
    finally:
        connection.execute("detach published")
    for table in tables:
        (workshop / f"{table}.parquet").replace(folder / f"{table}.parquet")
    (workshop / DATABASE).replace(folder / DATABASE)
    for parquet in folder.glob("*.parquet"):
        if parquet.stem not in schemas:
            parquet.unlink()
    shutil.rmtree(workshop)
    return pd.DataFrame(rows, columns=["schema_name", "table_name", "table_rows"])


def _quoted(text: object) -> str:
    return str(text).replace("'", "''")


def _schema_of(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    schemas = connection.execute(
        """
        select schema_name from duckdb_tables()
        where table_name = ? and database_name = current_database()
        """,
        [table],
    ).fetchall()
    if len(schemas) != 1:
        raise PublishingError(
            f"'{table}' is to be published, but {len(schemas)} tables have that name"
        )
    nested = connection.execute(
        """
        select column_name, data_type from duckdb_columns()
        where table_name = ? and schema_name = ? and database_name = current_database()
            and (data_type ilike '%[%' or data_type ilike 'struct%' or data_type ilike 'map%'
                or data_type ilike 'union%' or data_type = 'BLOB')
        """,
        [table, schemas[0][0]],
    ).fetchall()
    if nested:
        raise PublishingError(
            f"'{table}' has columns that BI tools cannot type: {nested}; publish scalars only"
        )
    return str(schemas[0][0])


def _copy(connection: duckdb.DuckDBPyConnection, schema: str, table: str, workshop: Path) -> int:
    target = f'published."{schema}"."{table}"'
    connection.execute(f'create schema if not exists published."{schema}"')
    connection.execute(f'create table {target} as select * from "{schema}"."{table}"')
    (comment,) = connection.execute(
        """
        select comment from duckdb_tables()
        where table_name = ? and schema_name = ? and database_name = current_database()
        """,
        [table, schema],
    ).fetchall()[0]
    if comment:
        connection.execute(f"comment on table {target} is '{_quoted(comment)}'")
    columns = connection.execute(
        """
        select column_name, comment from duckdb_columns()
        where table_name = ? and schema_name = ? and database_name = current_database()
            and comment is not null
        """,
        [table, schema],
    ).fetchall()
    for column, column_comment in columns:
        connection.execute(
            f"comment on column {target}.\"{column}\" is '{_quoted(column_comment)}'"
        )
    connection.execute(f"copy {target} to '{_quoted(workshop / table)}.parquet' (format parquet)")
    return int(connection.execute(f"select count(*) from {target}").fetchall()[0][0])
