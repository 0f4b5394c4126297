"""Tables of a warehouse as values that can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

Contents = dict[str, Counter[str]]


def contents_of(
    database: Path,
    schemas: Iterable[str] | None = None,
    *,
    is_compared: Callable[[str], bool] = lambda _: True,
) -> Contents:
    """Every table (`schema.table`) as a multiset of its rows.

    Parameters
    ----------
    database
        The DuckDB file.
    schemas
        Schemas to read; all by default.
    is_compared
        Is the column with this name to be compared?
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name, list(column_name order by ordinal_position)"
            " from information_schema.columns where table_catalog = current_database()"
            " group by all"
        ).fetchall()
        contents = {}
        for schema, table, columns in tables:
            if schemas is None or schema in schemas:
                names = ", ".join(filter(is_compared, columns))
                rows = connection.execute(f'select {names} from "{schema}"."{table}"').fetchall()
                contents[f"{schema}.{table}"] = Counter(map(repr, rows))
        return contents


def fingerprints_of(database: Path, schema: str) -> dict[str, tuple[int, int]]:
    """Rows of every table and view of a schema, counted and hashed: equal rows, equal numbers.

    For tables that are too large to be compared as values.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables"
            " where table_catalog = current_database() and table_schema = ?",
            [schema],
        ).fetchall()
        fingerprints = {}
        for (table,) in tables:
            row = connection.execute(
                "select count(*), coalesce(sum(cast(hash(one) as hugeint)), 0)"
                f' from "{schema}"."{table}" as one'
            ).fetchone()
            assert row is not None
            fingerprints[table] = (row[0], row[1])
        return fingerprints


def differing_tables(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Tables that are not in both with the same rows."""
    return sorted(
        table for table in first.keys() | second.keys() if first.get(table) != second.get(table)
    )
