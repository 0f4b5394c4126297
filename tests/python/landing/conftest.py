"""A folder of deliveries to write into and to land, without dbt."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from music_box.forgetting import Forgotten
from music_box.landing import land_folder

PROJECT_VARIABLES = yaml.safe_load((Path(__file__).parents[3] / "dbt_project.yml").read_text())[
    "vars"
]
NAME_PATTERN: str = PROJECT_VARIABLES["delivery_name_pattern"]
LOG_FIELDS: dict[str, list[str]] = PROJECT_VARIABLES["log_fields"]

DOWNLOAD = b"1\tar\t2\tsong\tsinger\t0\n"


@dataclass(frozen=True)
class IrregularLine:
    """A line of the file of irregular lines."""

    line_number: int
    line_text: str
    is_replaced: bool = False
    is_too_long: bool = False
    is_forgotten: bool = False


@dataclass(frozen=True)
class Deliveries:
    """A folder of deliveries and the folder they land in."""

    raw_logs: Path
    landing: Path

    def write(self, name: str, content: bytes) -> Path:
        """Deliver a file."""
        path = self.raw_logs / name
        path.write_bytes(content)
        return path

    def land(self, forgotten: Forgotten | None = None) -> dict[str, dict[str, Any]]:
        """Land the folder: file name -> row, with None for what is missing."""
        frame = land_folder(self.raw_logs, self.landing, NAME_PATTERN, LOG_FIELDS, forgotten)
        rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
        return {row["file_name"]: {str(name): cell for name, cell in row.items()} for row in rows}

    def land_one(self, name: str, content: bytes) -> dict[str, Any]:
        """Deliver a file and land it."""
        self.write(name, content)
        return self.land()[name]


@pytest.fixture
def deliveries(tmp_path: Path) -> Deliveries:
    """An empty folder of deliveries."""
    raw_logs = tmp_path / "raw_logs"
    raw_logs.mkdir()
    return Deliveries(raw_logs, tmp_path / "landing")


def regular_lines(landed: dict[str, Any]) -> list[bytes]:
    """Lines of the file from which the regular lines are read."""
    if landed["regular_path"] is None:
        return []
    lines = Path(landed["regular_path"]).read_bytes().split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def irregular_lines(landed: dict[str, Any]) -> list[IrregularLine]:
    """Lines of the file of irregular lines."""
    if landed["irregular_path"] is None:
        return []
    text = Path(landed["irregular_path"]).read_text("utf-8")
    return [IrregularLine(**json.loads(line)) for line in text.removesuffix("\n").split("\n")]


@pytest.fixture(scope="session")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the settings of the project's profile that bear on reading files."""
    with duckdb.connect(config={"preserve_insertion_order": "false"}) as connection:
        yield connection


def read_regular_lines(
    duck: duckdb.DuckDBPyConnection, path: str, fields: Sequence[str]
) -> list[tuple[str | None, ...]]:
    """Read regular lines as macro `read_deliveries` does."""
    numbered = duck.execute(
        f"""
        select row_number() over () as line_number, {", ".join(fields)}
        from read_csv(
            ?, auto_detect = false, header = false, delim = '\t', quote = '', escape = '',
            compression = 'none', hive_partitioning = false,
            columns = {dict.fromkeys(fields, "varchar")}
        )
        order by line_number
        """,
        [path],
    ).fetchall()
    return [row[1:] for row in numbered]


def read_irregular_lines(duck: duckdb.DuckDBPyConnection, path: str) -> list[IrregularLine]:
    """Read irregular lines as macro `read_irregular_lines` does."""
    rows = duck.execute(
        """
        select * from read_json(?, format = 'newline_delimited', columns = {
            'line_number': 'bigint', 'line_text': 'varchar',
            'is_replaced': 'boolean', 'is_too_long': 'boolean',
            'is_forgotten': 'boolean'
        })
        order by line_number
        """,
        [path],
    ).fetchall()
    return [IrregularLine(*row) for row in rows]


def tar_of(*members: tarfile.TarInfo | tuple[str, bytes], mode: str = "w") -> bytes:
    """An archive of files (name, content) and of members that are no files."""
    packed = io.BytesIO()
    # the overloads of `tarfile.open` want the mode written out
    with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload]
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                name, content = member
                description = tarfile.TarInfo(name)
                description.size = len(content)
                archive.addfile(description, io.BytesIO(content))
    return packed.getvalue()
