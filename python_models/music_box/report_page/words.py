"""How numbers and dates are written for people."""

from __future__ import annotations

import math
from typing import Any


def count(value: float | None) -> str:
    """A whole number with thousands set apart: 1,234."""
    return "–" if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """A share between 0 and 1 in per cent: 61.8 %."""
    return "–" if value is None else f"{value:.1%}".replace("%", " %")


def score(value: float | None) -> str:
    """A metric with three decimals: 0.910."""
    return "–" if value is None else f"{value:.3f}"


def interval(lower: float | None, upper: float | None) -> str:
    """An interval of a metric: 0.890 to 0.928; nothing if it is not known."""
    return "" if lower is None or upper is None else f"{lower:.3f} to {upper:.3f}"


def cell(value: Any) -> str:  # noqa: ANN401 - whatever a table holds
    """Any value of a table: whole numbers whole, others with three significant digits or more."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "–"
        return f"{value:,.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:.3g}"
    return str(value)
