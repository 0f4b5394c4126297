"""How numbers and dates are written for people."""

from __future__ import annotations

from typing import Any

# Nobody reads decimals of numbers from here on.
LARGE = 1000


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


def cell(value: Any, column: str) -> str:  # noqa: ANN401 - whatever a table holds
    """A value of a table: shares in per cent, whole numbers whole, others with three digits."""
    if value is None:
        return "–"
    if column.endswith(("_share", "_rate")):
        return share(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        is_large = abs(value) >= LARGE or value == round(value)
        return f"{value:,.0f}" if is_large else f"{value:.3g}"
    return str(value)
