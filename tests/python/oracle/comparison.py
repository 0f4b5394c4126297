"""Holding a table of the warehouse to the oracle: every row, every column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from oracle.reports import Key, Mart

# Sums of doubles depend on their order in the last digits; nothing else may differ.
TOLERANCE = 1e-9
SHOWN_DIFFERENCES = 8


@dataclass
class Comparison:
    """What was compared, and what differs."""

    table: str
    rows: int = 0
    columns: int = 0
    largest_difference: float = 0.0
    problems: list[str] = field(default_factory=list)

    def fail_if_different(self) -> None:
        """Name the table, key, column and both values of the first differences."""
        shown = "\n".join(self.problems[:SHOWN_DIFFERENCES])
        assert not self.problems, f"{self.table}: {len(self.problems)} differences\n{shown}"


def is_number(value: Any) -> bool:
    """Whether a value is a number in the narrow sense; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def difference(expected: Any, actual: Any, tolerance: float) -> float | None:
    """0 for equal values, a small number for doubles that agree, none for a disagreement."""
    if not (is_number(expected) and is_number(actual)):
        is_same = type(expected) is type(actual) and expected == actual
        return 0.0 if is_same else None
    if isinstance(expected, int) and isinstance(actual, int):
        return 0.0 if expected == actual else None
    if math.isclose(expected, actual, rel_tol=tolerance, abs_tol=tolerance):
        return abs(expected - actual) / max(1.0, abs(expected))
    return None


def compare(
    table: str,
    keys: Sequence[str],
    expected: Mart,
    names: Sequence[str],
    rows: list[tuple],
    tolerance: float = TOLERANCE,
) -> Comparison:
    """Compare a mart with the rows of a table, whose columns are the keys and then `names`."""
    comparison = Comparison(table, columns=len(keys) + len(names))
    actual: dict[Key, tuple] = {}
    for row in rows:
        key = row[: len(keys)]
        if key in actual:
            comparison.problems.append(f"{dict(zip(keys, key, strict=True))}: more than one row")
        actual[key] = row[len(keys) :]
    for key in expected.keys() | actual.keys():
        where = ", ".join(f"{name} {value}" for name, value in zip(keys, key, strict=True))
        if key not in actual:
            comparison.problems.append(f"{where}: row is missing in the warehouse")
        elif key not in expected:
            comparison.problems.append(f"{where}: row is too much in the warehouse")
        else:
            comparison.rows += 1
            for name, value in zip(names, actual[key], strict=True):
                found = difference(expected[key][name], value, tolerance)
                if found is None:
                    comparison.problems.append(
                        f"{where}: {name} is {value!r}, expected {expected[key][name]!r}"
                    )
                else:
                    comparison.largest_difference = max(comparison.largest_difference, found)
    return comparison
