"""The published copy: what people and BI tools read while dbt writes the working database."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from tqdm import tqdm

from music_box.errors import UserError
from music_box.frames import typed
from music_box.publishing.pseudonyms import pseudonym_key, pseudonyms_of
from music_box.publishing.replacing import ServedLogs, check_content, remember_logs
from music_box.warehouse import DATABASE, is_copy, leads_to_copy, remove_copies

# Older clients read it too: a file in the default format of the newest DuckDB opens only there.
STORAGE_VERSION = "v1.0.0"
# DuckDB asks where a link leads and then opens the file there: whoever has asked has so long.
READER_SECONDS = 1.0
TYPES = {"schema_name": "varchar", "table_name": "varchar", "table_rows": "bigint"}
# A column of user ids: `user_id`, or what ends in it.
USER_ID = "(^|_)user_id$"
PSEUDONYM = (
    "Published as a pseudonym: HMAC-SHA256 of the id with a secret key, cut to 63 bits; "
    "the same in every table."
)


class PublishingError(UserError):
    """A table that cannot be published; the message says which and why."""


def publish(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[str],
    folder: Path,
    key: bytes | None = None,
    logs: ServedLogs | None = None,
) -> pd.DataFrame:
    """Copy tables with their comments to a database and Parquet files that readers may keep open.

    The published folder is a link to the last copy that is complete. A new copy is written to a
    folder of its own, then the link is replaced, in one step: a reader who is connected keeps what
    it has, a new one finds all tables of the new copy, and a copy that fails, or is killed at any
    moment, changes nothing.

    Parameters
    ----------
    connection
        A connection to the working database, without a transaction of its own.
    tables
        Names of the tables, unique across schemas.
    folder
        The published folder: `music_box.duckdb`, with the schemas of the working database, and one
        Parquet file per table. What it links to is in the folder `<name>_copies` beside it.
    key
        With a key, every user id is published as a pseudonym, and rows are ordered by it: the order
        of the working tables would give the ids away.
    logs
        The logs that the tables were made from; the copy remembers them.

    Returns
    -------
    DataFrame
        One row per table, with the columns of `TYPES`.

    Raises
    ------
    PublishingError
        If a table is missing, is there in two schemas, or has a column that BI tools cannot type;
        if something that is neither a link nor a copy has the name of the published folder.
    PseudonymError
        If two user ids have the same pseudonym.
    """
    # where a warehouse was copied, links may have become what they led to
    is_a_copy = folder.is_dir() and not folder.is_symlink() and is_copy(folder)
    is_own_link = folder.is_symlink() and leads_to_copy(folder)
    if os.path.lexists(folder) and not is_own_link and not is_a_copy:
        raise PublishingError(
            f"'{folder}' is to be a link to the newest copy, but holds something else; move it away"
        )
    schemas = {table: _schema_of(connection, table) for table in tables}
    user_ids = {table: _user_ids(connection, schemas[table], table) for table in tables if key}
    pseudonyms = _pseudonyms(connection, schemas, user_ids, key) if key else None
    copies = folder.with_name(f"{folder.name}_copies")
    workshop = copies / uuid.uuid4().hex
    workshop.mkdir(parents=True)
    connection.execute(
        f"attach '{_quoted(workshop / DATABASE)}' as published "
        f"(storage_version '{STORAGE_VERSION}')"
    )
    try:
        if pseudonyms is not None:
            connection.register("pseudonyms", pseudonyms)
        rows = [
            (schema, table, _copy(connection, schema, table, user_ids.get(table, []), workshop))
            for table, schema in tqdm(schemas.items(), desc="publishing", unit="table")
        ]
    finally:
        connection.execute("detach published")
        connection.unregister("pseudonyms")
    if logs is not None:
        remember_logs(workshop, logs)
    link = copies / "link"
    link.unlink(missing_ok=True)
    # relative, so that the warehouse can be moved
    link.symlink_to(Path(copies.name) / workshop.name)
    if is_a_copy:
        folder.rename(copies / uuid.uuid4().hex)
    link.replace(folder)
    # older copies, and what killed builds left of theirs
    if any(leftover != workshop for leftover in copies.iterdir()):
        time.sleep(READER_SECONDS)
    remove_copies(copies, kept={workshop.name})
    return pd.DataFrame(rows, columns=list(TYPES))


def publish_whole_build(
    session: Any,  # noqa: ANN401 - dbt's session has no type
    tables: Sequence[str],
    settings: Mapping[str, Any],
) -> Any:  # noqa: ANN401 - nor has what it makes
    """Publish if the pre-hook of the dbt model has said that the build is whole.

    Parameters
    ----------
    session
        dbt's session, in which the hook has set `is_whole_build`.
    tables
        Names of the tables, unique across schemas.
    settings
        `folder`, the published folder; `pseudonymous_user_ids`; `raw_logs`, the folder of logs;
        `generated_logs_marker`, a file of generated logs; `least_kept_share`, see `check_content`.

    Returns
    -------
    Relation
        One row per table that is published, now or since before, with the columns of `TYPES`.

    Raises
    ------
    PublishingError, PseudonymError, ReplacingError
        As `publish`, `pseudonym_key` and `check_content` do.
    """
    folder = Path(settings["folder"])
    if session.execute("select getvariable('is_whole_build')").fetchall() != [(True,)]:
        return typed(session, published_tables(folder), TYPES)
    # from the environment itself: what goes through dbt's settings is written to its artifacts
    key = pseudonym_key(os.environ) if settings["pseudonymous_user_ids"] else None
    logs = ServedLogs.of(Path(settings["raw_logs"]), settings["generated_logs_marker"])
    check_content(session.cursor(), folder, logs, float(settings["least_kept_share"]))
    return typed(session, publish(session.cursor(), tables, folder, key, logs), TYPES)


def published_tables(folder: Path) -> pd.DataFrame:
    """Tables of the published copy as it stands.

    Returns
    -------
    DataFrame
        One row per table, with the columns of `TYPES`; none if nothing has been published.
    """
    database = folder / DATABASE
    if not database.exists():
        return pd.DataFrame(columns=list(TYPES))
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            """
            select schema_name, table_name from duckdb_tables()
            where database_name = current_database() order by all
            """
        ).fetchall()
        rows = [
            (schema, table, connection.table(f'"{schema}"."{table}"').shape[0])
            for schema, table in tables
        ]
    return pd.DataFrame(rows, columns=list(TYPES))


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


def _user_ids(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[str]:
    columns = connection.execute(
        """
        select column_name from duckdb_columns()
        where table_name = ? and schema_name = ? and database_name = current_database()
            and regexp_matches(column_name, ?)
        """,
        [table, schema, USER_ID],
    ).fetchall()
    return [column for (column,) in columns]


def _pseudonyms(
    connection: duckdb.DuckDBPyConnection,
    schemas: Mapping[str, str],
    user_ids: Mapping[str, Sequence[str]],
    key: bytes,
) -> pd.DataFrame:
    everybody = " union ".join(
        f'select "{column}" as user_id from "{schemas[table]}"."{table}"'
        for table, columns in user_ids.items()
        for column in columns
    )
    distinct = connection.sql(
        f"select cast(user_id as bigint) as user_id from ({everybody or 'select null as user_id'})"
        " where user_id is not null"
    ).fetchnumpy()["user_id"]
    return pd.DataFrame({"user_id": distinct, "pseudonym": pseudonyms_of(distinct, key)})


def _copy(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    user_ids: Sequence[str],
    workshop: Path,
) -> int:
    source = f'"{schema}"."{table}"'
    target = f"published.{source}"
    order = "order by " + ", ".join(f'"{column}"' for column in user_ids) if user_ids else ""
    connection.execute(f'create schema if not exists published."{schema}"')
    connection.execute(f"create table {target} as from ({_select(source, user_ids)}) {order}")
    _comment(connection, schema, table, user_ids)
    connection.execute(
        f"copy (from {target} {order}) to '{_quoted(workshop / table)}.parquet' (format parquet)"
    )
    return int(connection.execute(f"select count(*) from {target}").fetchall()[0][0])


def _select(source: str, user_ids: Sequence[str]) -> str:
    """All columns of a table, user ids replaced by pseudonyms."""
    if not user_ids:
        return f"select * from {source}"
    replaced = ", ".join(f'of_{column}.pseudonym as "{column}"' for column in user_ids)
    joins = " ".join(
        f'left join pseudonyms as of_{column} on source."{column}" = of_{column}.user_id'
        for column in user_ids
    )
    return f"select source.* replace ({replaced}) from {source} as source {joins}"


def _comment(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, user_ids: Sequence[str]
) -> None:
    target = f'published."{schema}"."{table}"'
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
        """,
        [table, schema],
    ).fetchall()
    for column, column_comment in columns:
        remark = PSEUDONYM if column in user_ids else None
        text = " ".join(part.strip() for part in (column_comment, remark) if part)
        if text:
            connection.execute(f"comment on column {target}.\"{column}\" is '{_quoted(text)}'")
