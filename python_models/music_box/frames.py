"""Frames as tables with declared types: of a bare frame the database would guess them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd


def typed(session: Any, frame: pd.DataFrame, types: Mapping[str, str]) -> Any:  # noqa: ANN401 - dbt's session has no type
    """A relation with exactly these columns, cast to these SQL types."""
    columns = ", ".join(f"cast({name} as {sql_type}) as {name}" for name, sql_type in types.items())
    return session.from_df(frame).project(columns)


def constant(text: str, rows: int) -> pd.Categorical:
    """A column that says the same in every row, stored once."""
    return pd.Categorical(pd.Series([text]).astype("category")).repeat(rows)
