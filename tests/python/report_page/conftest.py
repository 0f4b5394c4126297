"""A report page of generated logs, and copies of its tables that a test may change."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import Warehouse
from music_box.report_page.page import write_page

from report_page.browsing import Report


@pytest.fixture(scope="session")
def report(
    generated_warehouse: tuple[Path, Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Report:
    """The page of a whole build."""
    _, warehouse = generated_warehouse
    database = warehouse.folder / "published" / "music_box.duckdb"
    page = tmp_path_factory.mktemp("report") / "index.html"
    write_page(database, page)
    return Report(page, database)


@pytest.fixture
def altered(report: Report, tmp_path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection to a copy of the published database that a test may change, and its path."""
    database = tmp_path / "music_box.duckdb"
    shutil.copy(report.database, database)
    with duckdb.connect(str(database)) as connection:
        yield connection, database
