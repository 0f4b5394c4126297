"""Putting the page together: one HTML file that needs nothing but itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from tqdm import tqdm

from music_box.report_page import (
    churn,
    deliveries,
    models,
    overview,
    people,
    recommendations,
    words,
)
from music_box.report_page.figures import ROWS, Figure, chart_style
from music_box.report_page.published import PublishedCopy, ReportError

HERE = Path(__file__).parent
# Where `make docs` writes the documentation, seen from the page.
DOCS = "../docs/index.html"
SNAPSHOT = """
    select latest_snapshot_date, last_log_date, missing_deliveries, is_generated
    from reports.published_snapshot
"""
# The chart library as one script that reaches for no network.
LIBRARY = "window.vegaEmbed = vegaEmbed; window.vega = vega;"
# By its title, near its beginning, an earlier page is known.
TITLE = b"<title>Music Box: "
BEGINNING_BYTES = 4096


def write_page(database: Path, page: Path) -> None:
    """Write the report page of a published database.

    Parameters
    ----------
    database
        The published `music_box.duckdb`; nothing else is read.
    page
        The HTML file to write; its folder is made. An earlier page is replaced at once, whole.

    Raises
    ------
    ReportError
        If the database is missing or lacks a table, or the file to write is no earlier page.
    """
    _check_page(page)
    copy = PublishedCopy(database)
    makers = [overview.section, churn.section, models.section, recommendations.section]
    sections = [
        make(copy) for make in tqdm([*makers, deliveries.section], desc="report", unit="section")
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = words.cell
    html = environment.get_template("page.html.jinja").render(
        snapshot=copy.rows(SNAPSHOT)[0],
        facts=overview.facts(copy),
        sections=sections,
        people_sources=people.SOURCES,
        top_users=people.TOP_USERS,
        docs=DOCS,
        style=(HERE / "page.css").read_text("utf-8"),
        library=vl_convert.javascript_bundle(LIBRARY),
        script=(HERE / "page.js").read_text("utf-8"),
        content=_script_data(
            {
                "rows": ROWS,
                "style": chart_style(),
                "figures": [_content(figure) for section in sections for figure in section.figures],
                "picker": people.picker(copy),
            }
        ),
    )
    page.parent.mkdir(parents=True, exist_ok=True)
    unfinished = page.with_suffix(".unfinished")
    unfinished.write_text(html, "utf-8")
    unfinished.replace(page)


def _check_page(page: Path) -> None:
    """Raise ReportError if another file would be overwritten."""
    if page.exists():
        with page.open("rb") as file:
            beginning = file.read(BEGINNING_BYTES)
        if beginning and TITLE not in beginning:
            raise ReportError(
                f"{page} is no report page and would be overwritten; move it away, or name another"
                " file in --out"
            )


def _content(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "specification": figure.specification(),
        "rows": figure.rows,
    }


def _script_data(content: dict[str, Any]) -> str:
    """JSON for a script element, which no text inside can end: songs may have any name."""
    return (
        json.dumps(content, ensure_ascii=False, allow_nan=False)
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
