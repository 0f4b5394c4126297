"""A folder in which anything happens, day after day: nothing is lost, nothing stays behind."""

from __future__ import annotations

import gzip
import random
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from conftest import WITHOUT_UNIT_TESTS, build
from deliveries.contents import contents_of, differing_tables
from deliveries.lines import download, play, write_days, write_lines

from faults.effort import tries

SEED = 5
MARTS = ("--select", "+user_features +rpt_deliveries +rpt_rejected_lines", *WITHOUT_UNIT_TESTS)
# Where files lie is not what they hold.
PLACES = {"regular_path", "irregular_path", "modified_ns"}


def anything(drawn: random.Random) -> str:
    """A line of any fate."""
    return drawn.choice(
        [
            play(drawn.randrange(1, 40), drawn.randrange(1, 9)),
            download(drawn.randrange(1, 40)),
            "",
            "\t\t",
            play("nobody"),
            "\t" + play(drawn.randrange(1, 40)),
            "7\tar\t11\t0\tso",
            "ng\tsinger\t10\t20\t0",
        ]
    )


def new(folder: Path, drawn: random.Random) -> None:
    """Deliver another part of a day, or of a day long ago or to come."""
    day = date.fromordinal(date(2017, 3, 2).toordinal() + drawn.randrange(-3, 50))
    name = f"{day:%Y%m%d}_{drawn.randrange(1, 5)}_{drawn.choice(['play', 'down', 'search'])}.log"
    write_lines(folder / name, *(anything(drawn) for _ in range(drawn.randrange(0, 30))))


def repeated(folder: Path, drawn: random.Random) -> None:
    """Deliver a file once more, packed or under another name."""
    source = some_file(folder, drawn)
    if drawn.random() < 0.5 and source.suffix == ".log":
        (folder / f"{source.name}.gz").write_bytes(gzip.compress(source.read_bytes()))
    else:
        shutil.copy(source, folder / f"copy of {source.name}")


def changed(folder: Path, drawn: random.Random) -> None:
    """Deliver a file anew, with a line more."""
    path = some_file(folder, drawn)
    path.write_bytes(path.read_bytes() + anything(drawn).encode() + b"\n")


def truncated(folder: Path, drawn: random.Random) -> None:
    """Cut a file anywhere."""
    path = some_file(folder, drawn)
    content = path.read_bytes()
    path.write_bytes(content[: drawn.randrange(len(content) + 1)])


def deleted(folder: Path, drawn: random.Random) -> None:
    """Take a file away."""
    some_file(folder, drawn).unlink()


def renamed(folder: Path, drawn: random.Random) -> None:
    """Move a file to another day or part, or call it what it is not."""
    path = some_file(folder, drawn)
    other = folder / f"201703{drawn.randrange(10, 31)}_{drawn.randrange(1, 5)}_play.log"
    path.rename(drawn.choice([other, path.with_name(f"{path.name}.gz")]))


CHANGES: list[Callable[[Path, random.Random], None]] = [
    new,
    repeated,
    changed,
    truncated,
    deleted,
    renamed,
]


def some_file(folder: Path, drawn: random.Random) -> Path:
    """Any file of a folder."""
    return drawn.choice(sorted(folder.iterdir()))


def lines_of(folder: Path) -> dict[str, int]:
    """Lines of plain files, counted by their newlines."""
    counts = {}
    for path in folder.glob("*.log"):
        content = path.read_bytes()
        if not content.startswith(b"\x1f\x8b"):
            counts[path.name] = content.count(b"\n") + (
                not content.endswith(b"\n") and content != b""
            )
    return counts


def test_after_any_changes_all_lines_add_up_and_marts_are_those_of_a_first_build(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    drawn = random.Random(SEED)
    folder = tmp_path_factory.mktemp("raw_logs")
    write_days(folder, date(2017, 3, 2), days=46, users=25)
    living = tmp_path_factory.mktemp("living")
    for number in range(tries(few=1, many=50)):
        for change in drawn.choices(CHANGES, k=drawn.randrange(1, 8)):
            change(folder, drawn)

        warehouse = build(folder, living, *MARTS)

        rows = warehouse.rows(
            "select file_name, lines, accepted_lines + repaired_lines + rejected_lines"
            " + set_aside_lines from reports.rpt_deliveries"
            " where status not in ('ignored', 'unreadable')"
        )
        assert [row for row in rows if row[1] != row[2]] == [], number
        counted = {name: lines for name, lines, _ in rows if name in lines_of(folder)}
        assert counted == {name: lines_of(folder)[name] for name in counted}, number
        scratch = build(folder, tmp_path_factory.mktemp("scratch"), *MARTS)
        databases = [built.folder / "music_box.duckdb" for built in (warehouse, scratch)]
        found = [
            contents_of(database, is_compared=lambda name: name not in PLACES)
            for database in databases
        ]
        assert differing_tables(*found) == [], number
        shutil.rmtree(scratch.folder)
