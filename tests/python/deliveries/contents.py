"""Tables of a warehouse as values that can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

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


def differing_tables(first: Contents, second: Contents) -> list[str]:
    """Tables that are not in both with the same rows."""
    return sorted(
        table for table in first.keys() | second.keys() if first.get(table) != second.get(table)
    )
