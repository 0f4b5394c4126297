"""Frames as tables with declared types: of a bare frame the database would guess them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import pandas as pd
import pyarrow as pa
from duckdb import DuckDBPyRelation


def typed(session: Any, frame: pd.DataFrame, types: Mapping[str, str]) -> Any:  # noqa: ANN401 - dbt's session has no type
    """A relation with exactly these columns, cast to these SQL types."""
    return session.from_df(frame).project(_casts(types))


def streamed(session: Any, frames: Iterable[pd.DataFrame], types: Mapping[str, str]) -> Any:  # noqa: ANN401 - dbt's session has no type
    """The same of frames with equal columns, each made when the table is written and then dropped.

    It can be read once.
    """
    left = iter(frames)
    first = next(left, None)
    if first is None:
        return typed(session, pd.DataFrame(columns=list(types)), types)
    schema = pa.Schema.from_pandas(first, preserve_index=False)
    batches = (
        pa.RecordBatch.from_pandas(frame, schema, preserve_index=False)
        for frame in chain([first], left)
    )
    reader = pa.RecordBatchReader.from_batches(schema, batches)
    return session.from_arrow(reader).project(_casts(types))


def enumerated(relation: DuckDBPyRelation, columns: Iterable[str]) -> DuckDBPyRelation:
    """The relation with these columns of few texts as categories of a frame, each stored once."""
    casts = []
    for column in columns:
        found = relation.project(column).distinct().fetchall()
        values = sorted(text for (text,) in found if text is not None)
        names = ", ".join("'" + text.replace("'", "''") + "'" for text in values)
        casts.append(
            f"cast({column} as enum({names})) as {column}" if values else f"{column} as {column}"
        )
    return relation.project(f"* replace ({', '.join(casts)})")


def constant(text: str, rows: int) -> pd.Categorical:
    """A column that says the same in every row, stored once."""
    return pd.Categorical(pd.Series([text]).astype("category")).repeat(rows)


def _casts(types: Mapping[str, str]) -> str:
    return ", ".join(f"cast({name} as {sql_type}) as {name}" for name, sql_type in types.items())
