"""The seeds, read as dbt will read them and refused in a sentence where it would go wrong.

Spreadsheets change files that they save: a byte-order mark, other line ends, semicolons, blanks.
dbt takes the first two as they come, and the others as they must not be taken.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from music_box.errors import UserError

DESCRIPTIONS = "_seeds.yml"
# What dbt and DuckDB take for a value of each type; an empty value is null.
FORMS = {
    "bigint": (r"-?[0-9]{1,19}", "a whole number"),
    "integer": (r"-?[0-9]{1,10}", "a whole number"),
    "double": (r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", "a number"),
    "boolean": (r"(?i:true|false)", "true or false"),
    "date": (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a date such as 2017-03-30"),
    "string": (r".*", "text"),
}


class SeedError(UserError):
    """A seed that cannot be read; the message names file, line, column and remedy."""


@dataclass(frozen=True)
class Row:
    """A row of a seed: the number of its first line in the file, and its values by column."""

    line: int
    values: Mapping[str, str]


def check_seeds(folder: Path) -> None:
    """Read every seed of a folder.

    Parameters
    ----------
    folder
        The folder of CSV files, with `_seeds.yml`, which names columns and types.

    Raises
    ------
    SeedError
        If a file is not as dbt has to find it.
    """
    described = yaml.safe_load((folder / DESCRIPTIONS).read_text("utf-8"))["seeds"]
    for seed in described:
        for _ in read_seed(folder / f"{seed['name']}.csv", seed["config"]["column_types"]):
            pass


def read_seed(path: Path, column_types: Mapping[str, str]) -> Iterator[Row]:
    """Read a seed, row by row.

    Raises
    ------
    SeedError
        If it is no UTF-8 text, is not separated by commas, has other columns, or holds a value with
        blanks around it or of another type.
    """
    rows = _rows(path)
    _, header = next(rows, (1, []))
    expected = ",".join(column_types)
    if header != list(column_types):
        found = ",".join(header)
        separated = next((name for sign, name in SEPARATORS.items() if sign in found), None)
        remedy = (
            f"its values are separated by {separated}; save it as CSV with commas"
            if separated
            else f"found '{found}'"
        )
        raise SeedError(f"{path}, line 1: the columns must be '{expected}', but {remedy}.")
    for line, values in rows:
        if values == []:
            continue
        if len(values) != len(header):
            raise SeedError(
                f"{path}, line {line}: {len(values)} values, but {len(header)} columns"
                f" ({expected}). Write a value that holds a comma in double quotes."
            )
        row = dict(zip(header, values, strict=True))
        for column, value in row.items():
            _check_value(f"{path}, line {line}, column {column}", value, column_types[column])
        yield Row(line, row)


SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            first_line = 1
            for values in reader:
                yield first_line, values
                first_line = reader.line_num + 1
    except UnicodeDecodeError as error:
        raise SeedError(f"{path} is no UTF-8 text; save it as 'CSV UTF-8'.") from error
    except csv.Error as error:
        raise SeedError(f"{path}, line {reader.line_num}: {error}; mend the quotes.") from error
    except FileNotFoundError as error:
        raise SeedError(
            f"{path} is missing; restore it, if need be with its header alone."
        ) from error


def _check_value(place: str, value: str, column_type: str) -> None:
    if value != value.strip():
        raise SeedError(f"{place}: '{value}' has blanks around it; remove them.")
    form, meaning = FORMS[column_type]
    if value and not re.fullmatch(form, value, re.DOTALL):
        raise SeedError(f"{place}: '{value}' is not {meaning}.")
