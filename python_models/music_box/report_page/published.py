"""Reading the published copy, as any BI tool does."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd


class ReportError(Exception):
    """The page cannot be made; the message says why and what to do."""


class PublishedCopy:
    """A read-only connection to the published database: one state of it, whatever is built meanwhile."""

    def __init__(self, database: Path) -> None:
        if not database.is_file():
            raise ReportError(f"there is no {database}: `make build` publishes it")
        try:
            self._connection = duckdb.connect(str(database), read_only=True)
        except duckdb.Error as error:
            raise ReportError(f"{database} cannot be read: {error}") from error
        self._database = database

    def rows(self, query: str) -> pd.DataFrame:
        """Rows of a query; dates are text such as 2017-05-12, missing values are None.

        Raises
        ------
        ReportError
            If the copy lacks a table or column: it was published by another version.
        """
        try:
            frame = self._connection.sql(query).df()
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise ReportError(
                f"{self._database} was published by another version of the project ({error});"
                " `make build` publishes anew"
            ) from error
        for name in frame.select_dtypes("datetime"):
            frame[name] = frame[name].dt.strftime("%Y-%m-%d")
        return frame.astype(object).where(frame.notna(), None)
