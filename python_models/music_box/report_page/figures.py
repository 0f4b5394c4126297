"""What the page is made of: facts, charts and tables, each with the tables it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt

from music_box.report_page.published import Rows

# Charts read their rows under this name; the page hands them over, and shows them as a table.
ROWS = "rows"
# The colours of the page's style sheet: charts that name them follow light and dark mode.
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
    rows: Rows
    without_rows: str
    chart: Chart | None = None
    columns: Mapping[str, str] | None = None
    is_wide: bool = False

    def is_numeric(self, column: str) -> bool:
        """Whether a column holds numbers, which are set flush right."""
        known = [row[column] for row in self.rows if row[column] is not None]
        return all(
            isinstance(value, (int, float)) and not isinstance(value, bool) for value in known
        )

    def specification(self) -> dict[str, Any] | None:
        """The chart in Vega-Lite, to be filled with the rows; None without a chart or rows."""
        if self.chart is None or not self.rows:
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
    parse = dict.fromkeys(date_columns, "date:'%Y-%m-%d'")
    data = alt.NamedData(ROWS, format={"parse": parse})
    return alt.Chart(data, width="container", height=height)


def choice(label: str, column: str, rows: Rows) -> alt.Parameter:
    """A labelled menu of the values of a column, in the order of the rows; the first is chosen."""
    options = list(dict.fromkeys(row[column] for row in rows)) or [None]
    return alt.selection_point(
        fields=[column],
        bind=alt.binding_select(options=options, name=f"{label} "),
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
            "labelOverlap": "greedy",
            "labelSeparation": 10,
        },
        "legend": {**text, "orient": "top", "title": None, "labelLimit": 220},
        "range": {"category": CATEGORIES},
        "mark": {"color": ACCENT},
        "line": {"strokeWidth": 2},
        "circle": {"opacity": 1},
        "text": {"color": INK, "fontSize": 12},
        "style": {
            "interval": {"color": MUTED, "strokeWidth": 2},
            "reference": {"color": MUTED, "strokeDash": [4, 4]},
            "threshold": {"color": WARM, "strokeWidth": 2},
            "threshold-text": {"color": WARM, "fontWeight": "bold"},
        },
    }
