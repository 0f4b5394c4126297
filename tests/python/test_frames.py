"""Frames on their way into and out of DuckDB, without dbt."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pandas as pd
from music_box.frames import constant, enumerated, streamed, typed

TYPES = {"day": "date", "name": "varchar", "number": "integer", "score": "double"}


def frame(name: str, rows: int) -> pd.DataFrame:
    names = pd.CategoricalDtype(["first", "second"])
    return pd.DataFrame(
        {
            "day": pd.Timestamp("2017-05-12"),
            "name": constant(name, rows).astype(names),
            "number": range(rows),
            "score": 0.5,
        }
    )


def test_streamed_frames_are_one_table_with_declared_types() -> None:
    made = []

    def frames() -> Iterator[pd.DataFrame]:
        for name, rows in (("first", 3), ("second", 2), ("first", 0)):
            made.append(name)
            yield frame(name, rows)

    with duckdb.connect() as session:
        relation = streamed(session, frames(), TYPES)
        # the first says which columns there are; the others wait until the table is written
        assert made == ["first"]
        relation.create("streamed")
        assert made == ["first", "second", "first"]
        rows = session.sql(
            "select name, count(*), sum(number) from streamed group by all order by 1"
        )
        assert rows.fetchall() == [("first", 3, 3), ("second", 2, 1)]
        types = session.sql("select column_type from (describe streamed)").fetchall()
        assert types == [("DATE",), ("VARCHAR",), ("INTEGER",), ("DOUBLE",)]


def test_nothing_streamed_is_an_empty_table_of_the_same_columns() -> None:
    with duckdb.connect() as session:
        nothing = streamed(session, iter([]), TYPES)
        assert nothing.columns == list(TYPES) and nothing.fetchall() == []
        assert nothing.types == typed(session, frame("first", 1), TYPES).types


def test_texts_become_categories_and_keep_their_values() -> None:
    with duckdb.connect() as session:
        texts = session.sql("select unnest(['it''s', 'b', 'b', null]) as text, 1 as number")
        categories = enumerated(texts, ["text"]).df()
        assert isinstance(categories["text"].dtype, pd.CategoricalDtype)
        assert sorted(categories["text"].dropna()) == ["b", "b", "it's"]
        assert categories["text"].isna().sum() == 1
        assert enumerated(texts.filter("number = 2"), ["text"]).df().empty
