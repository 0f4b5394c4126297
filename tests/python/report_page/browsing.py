"""A report page with its database, and visits to it in a browser."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from playwright.sync_api import Browser, Page

DESKTOP, PHONE = (1280, 900), (375, 740)


@dataclass(frozen=True)
class Report:
    """A report page, and the published database that it is made from."""

    page: Path
    database: Path

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.sql(query).fetchall()


@dataclass(frozen=True)
class Visit:
    """A page in the browser after its charts are drawn, and what the browser said meanwhile."""

    page: Page
    complaints: list[str]
    requests: list[str]


def visit(browser: Browser, page: Path, size: tuple[int, int], scheme: str = "light") -> Visit:
    """Open a page file and wait until its charts are drawn."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    tab = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(page.as_uri())
    tab.wait_for_selector("html[data-charts=drawn]", state="attached", timeout=60_000)
    return Visit(tab, complaints, requests)
