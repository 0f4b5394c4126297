"""README and docs: short enough, links that lead somewhere, settings as they are."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from conftest import PROJECT

DOCUMENTS = sorted(
    path.relative_to(PROJECT) for path in [*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")]
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def text_of(path: Path) -> str:
    return (PROJECT / path).read_text("utf-8")


def anchors(path: Path) -> set[str]:
    """Anchors of the headings of a document, as GitHub makes them."""
    headings = [re.sub(r"[`*]", "", heading).lower() for heading in HEADING.findall(text_of(path))]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(text_of(path)):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        linked = (path.parent / target) if target else path
        assert (PROJECT / linked).exists(), link
        if anchor:
            assert anchor in anchors(linked), link


def test_readme_is_read_in_five_minutes() -> None:
    assert len(text_of(Path("README.md")).split()) <= 1_200


def test_every_document_is_linked_from_the_readme() -> None:
    linked = {link.partition("#")[0] for link in LINK.findall(text_of(Path("README.md")))}
    documents = {path.as_posix() for path in DOCUMENTS} - {"README.md"}
    assert documents - linked == set()


def test_settings_page_says_what_the_comments_say() -> None:
    settings = runpy.run_path(str(PROJECT / "docs/settings.py"))
    page = settings["page"](text_of(Path("dbt_project.yml")))
    assert page == settings["PAGE"].read_text("utf-8"), "run `python docs/settings.py`"
