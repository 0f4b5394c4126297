"""Write docs/settings.md from the comments of dbt_project.yml: `python docs/settings.py`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "docs" / "settings.md"
INTRODUCTION = """\
# Settings

This page is written by `python docs/settings.py` from the comments of `dbt_project.yml`. A rule
with a number stands there, and nowhere else. Override a setting for one run:

    dbt build --vars '{outlier_percentile: 0.999}'

Environment variables and seeds are on the page [operations](operations.md#environment-variables).
"""
SECTION = re.compile(r"  # --- (.+?) -+$")
COMMENT = re.compile(r"  # (.+)$")
KEY = re.compile(r"  (\w+):")


@dataclass
class Group:
    """Settings that share a comment, in a section."""

    section: str
    comment: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def groups(text: str) -> list[Group]:
    """Groups of settings, from the text of dbt_project.yml."""
    (block,) = re.findall(r"^vars:\n((?:  .*\n|\n)*)", text, re.MULTILINE)
    section, found = "", list[Group]()
    for line in block.splitlines():
        if title := SECTION.match(line):
            section = title[1]
        elif comment := COMMENT.match(line):
            if not found or found[-1].names:
                found.append(Group(section))
            found[-1].comment.append(comment[1])
        elif key := KEY.match(line):
            found[-1].names.append(key[1])
    return found


def shown(value: object) -> str:
    """A default value as it is written in a table."""
    text = value if isinstance(value, str) else json.dumps(value)
    return "`" + text.replace("|", "\\|") + "`"


def page(text: str) -> str:
    """The whole page, from the text of dbt_project.yml."""
    values: dict[str, object] = yaml.safe_load(text)["vars"]
    parts = [INTRODUCTION]
    for section, of_section in groupby(groups(text), lambda group: group.section):
        lines = [f"## {section}", "", "| setting | default | meaning |", "|---|---|---|"]
        for group in of_section:
            names = "<br>".join(f"`{name}`" for name in group.names)
            defaults = "<br>".join(shown(values[name]) for name in group.names)
            lines.append(f"| {names} | {defaults} | {' '.join(group.comment)} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page((PROJECT / "dbt_project.yml").read_text("utf-8")), "utf-8")
