"""What the page is made of: facts, charts and tables, each with the tables it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import pandas as pd

# Every chart reads its rows under this name; the page hands them over, and shows them as a table too.
ROWS = "rows"
# How the page's style sheet calls its colours: a chart that names them follows light and dark mode.
INK, MUTED, LINE = "var(--ink)", "var(--muted)", "var(--line)"
ACCENT, WARM, COOL, CALM = "var(--accent)", "var(--warm)", "var(--cool)", "var(--calm)"
CATEGORIES = [f"var(--category-{number})" for number in range(1, 9)]

Chart = alt.Chart | alt.LayerChart


@dataclass(frozen=True)
class Fact:
    """One figure of the overview: what it is, its value, what it is of, where to read on."""

    label: str
    value: str
    detail: str
    section: str


@dataclass(frozen=True)
class Figure:
    """A chart over some rows, or, without a chart, the rows as a table.

    `columns` are the columns that a table shows, with their headings; None are all. Where there
    are no rows, the page says `without_rows`.
    """

    name: str
    title: str
    explanation: str
    sources: Sequence[str]
    rows: pd.DataFrame
    without_rows: str
    chart: Chart | None = None
    columns: Mapping[str, str] | None = None
    is_wide: bool = False

    def specification(self) -> dict[str, Any] | None:
        """The chart in Vega-Lite, to be filled with the rows; None without a chart or rows."""
        if self.chart is None or self.rows.empty:
            return None
        described = self.chart.properties(description=f"{self.title}. {self.explanation}")
        specification: dict[str, Any] = described.to_dict()
        return specification


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading, what it is about, and its figures."""

    name: str
    title: str
    introduction: str
    figures: Sequence[Figure] = field(default_factory=list)


def plot(*date_columns: str, height: int = 260) -> alt.Chart:
    """An empty chart over the figure's rows, as wide as the page lets it be."""
    parse = {name: "date:'%Y-%m-%d'" for name in date_columns}
    data = alt.NamedData(ROWS, format=alt.DataFormat(parse=parse) if parse else alt.Undefined)
    return alt.Chart(data, width="container", height=height)


def choice(label: str, column: str, options: Sequence[Any]) -> alt.Parameter:
    """A labelled menu of the values of a column; the first is shown first."""
    return alt.selection_point(
        fields=[column],
        bind=alt.binding_select(options=list(options), name=f"{label} "),
        value=[{column: options[0]}],
    )


def chart_style() -> dict[str, Any]:
    """Vega-Lite's configuration of every chart: colours of the page, no frame, quiet grid."""
    text = {"labelColor": MUTED, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": "transparent",
        "font": "system-ui, sans-serif",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "view": {"stroke": None},
        "axis": {
            **text,
            "titleFontWeight": 500,
            "gridColor": LINE,
            "domainColor": LINE,
            "tickColor": LINE,
            "labelLimit": 210,
        },
        "legend": {**text, "orient": "top", "title": None, "labelLimit": 220, "columns": 3},
        "range": {"category": CATEGORIES},
        "bar": {"fill": ACCENT},
        "line": {"stroke": ACCENT, "strokeWidth": 2},
        "point": {"fill": ACCENT, "filled": True, "size": 60},
        "rule": {"stroke": MUTED},
        "text": {"fill": INK, "fontSize": 12},
        "style": {
            "interval": {"stroke": MUTED, "strokeWidth": 2},
            "reference": {"stroke": MUTED, "strokeDash": [4, 4]},
            "threshold": {"stroke": WARM, "strokeWidth": 2},
            "threshold-text": {"fill": WARM, "fontWeight": "bold"},
        },
    }
