"""docs/connect.md says how to read the published copy: its snippets and queries run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, Warehouse

GUIDE = PROJECT / "docs/connect.md"


def blocks(language: str) -> dict[str, str]:
    """Code of one language in the guide, by the heading above it and a number."""
    found: dict[str, str] = {}
    heading = ""
    pattern = re.compile(rf"^## ([^\n]+)$|^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for title, code in pattern.findall(GUIDE.read_text("utf-8")):
        heading = title or heading
        if code:
            found[f"{heading} {len(found) + 1}"] = code
    return found


PYTHON = blocks("python")
QUERIES = blocks("sql")


@pytest.fixture(scope="module")
def reader_folder(
    generated_warehouse: tuple[Path, Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder in which the published copy lies where the guide says."""
    _, warehouse = generated_warehouse
    folder = tmp_path_factory.mktemp("reader")
    (folder / "warehouse").symlink_to(warehouse.folder)
    return folder


def test_guide_has_code_for_every_python_tool() -> None:
    assert [name.split()[0] for name in PYTHON] == ["pandas", "polars", "Apache"]
    assert len(QUERIES) >= 6


@pytest.mark.parametrize("name", PYTHON)
def test_snippet_runs_and_shows_something(reader_folder: Path, name: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", PYTHON[name]],
        cwd=reader_folder,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert re.search(r"2017-05-12|2017, 5, 12", finished.stdout)


@pytest.mark.parametrize("name", QUERIES)
def test_query_has_an_answer(reader_folder: Path, name: str) -> None:
    published = reader_folder / "warehouse" / "published"
    query = QUERIES[name].replace("'/published/", f"'{published}/")
    view = re.match(r"create or replace view (\w+) as", query)
    database = ":memory:" if view else str(published / "music_box.duckdb")
    with duckdb.connect(database, read_only=not view) as connection:
        if view:
            connection.execute(query)
            query = f"from {view[1]}"
        assert connection.sql(query).limit(1).fetchall(), name


def test_guide_has_a_section_for_every_tool_and_links_lead_to_one() -> None:
    text = GUIDE.read_text("utf-8")
    sections = set(re.findall(r"^## (.+)$", text, re.MULTILINE))
    tools = {"pandas", "polars", "Apache Superset", "Metabase", "Tableau", "Power BI"}
    assert tools | {"DuckDB, command line", "How to follow a rebuild"} <= sections
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in sections}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors
