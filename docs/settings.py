"""Write docs/settings.md from the comments of dbt_project.yml: `python docs/settings.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
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
    comment: list[str]
    names: list[str] = field(default_factory=list)


def groups(text: str) -> Iterator[Group]:
    """Groups of settings, from the text of dbt_project.yml."""
    (block,) = re.findall(r"^vars:\n((?:  .*\n|\n)*)", text, re.MULTILINE)
    section, group = "", Group("", [])
    for line in block.splitlines():
        if title := SECTION.match(line):
            section = title[1]
        elif comment := COMMENT.match(line):
            if group.names:
                yield group
                group = Group(section, [])
            group.section = section
            group.comment.append(comment[1])
        elif key := KEY.match(line):
            group.names.append(key[1])
    yield group


def shown(value: object) -> str:
    """A default value as it is written in a table."""
    text = value if isinstance(value, str) else json.dumps(value)
    return "`" + text.replace("|", "\\|") + "`"


def page(text: str) -> str:
    """The whole page, from the text of dbt_project.yml."""
    values: dict[str, object] = yaml.safe_load(text)["vars"]
    lines = [INTRODUCTION]
    section = ""
    for group in groups(text):
        if group.section != section:
            section = group.section
            lines += [f"## {section}", "", "| setting | default | meaning |", "|---|---|---|"]
        names = "<br>".join(f"`{name}`" for name in group.names)
        defaults = "<br>".join(shown(values[name]) for name in group.names)
        lines.append(f"| {names} | {defaults} | {' '.join(group.comment)} |")
    return "\n".join(lines).replace(" |\n## ", " |\n\n## ") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page((PROJECT / "dbt_project.yml").read_text("utf-8")), "utf-8")
