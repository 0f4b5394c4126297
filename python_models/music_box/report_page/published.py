"""Reading the published copy, as any BI tool does."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

# What a query yields: plain values by the names of the columns.
Rows = list[dict[str, Any]]


class ReportError(Exception):
    """The page cannot be made; the message says why and what to do."""


class PublishedCopy:
    """A read-only connection to the published database: one state of it, whatever is built."""

    def __init__(self, database: Path) -> None:
        if not database.is_file():
            raise ReportError(f"there is no {database}: `make build` publishes it")
        try:
            self._connection = duckdb.connect(str(database), read_only=True)
        except duckdb.Error as error:
            raise ReportError(f"{database} cannot be read: {error}") from error
        self._database = database

    def rows(self, query: str) -> Rows:
        """Rows of a query; dates are text such as 2017-05-12, what is no number is None.

        Raises
        ------
        ReportError
            If the copy lacks a table or column: it was published by another version.
        """
        try:
            result = self._connection.execute(query)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise ReportError(
                f"{self._database} was published by another version of the project ({error});"
                " `make build` publishes anew"
            ) from error
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, map(_plain, values), strict=True)) for values in result.fetchall()]


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a table holds
    if isinstance(value, date):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value
