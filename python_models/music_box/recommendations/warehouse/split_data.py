"""The tables of a split as matrices of users and songs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from duckdb import DuckDBPyRelation
from numpy.typing import NDArray
from scipy import sparse

from music_box.recommendations.sparse import Integers, Matrix

# Columns of a table of lists, one row per listed song.
LIST_TYPES = {
    "snapshot_date": "date",
    "split": "varchar",
    "recommender": "varchar",
    "user_id": "bigint",
    "rank": "integer",
    "song_id": "bigint",
    "score": "double",
}


class Key(NamedTuple):
    """Which split."""

    snapshot_date: Any
    split: str


@dataclass(frozen=True)
class SplitData:
    """A split: users of the utility matrix and songs of the catalogue, in rows and columns.

    Parameters
    ----------
    snapshot_date, split : which one.
    users : ids, ascending, shape (users,).
    songs : ids, most played first, shape (songs,).
    ratings : of the whole fit part.
    tuning_ratings : of what is left for fitting while something is chosen.
    hidden : relevant songs of the validation part, to be found from the tuning part.
    disliked : songs that users said they dislike.
    is_listed : users who get lists.
    """

    snapshot_date: Any
    split: str
    users: Integers
    songs: Integers
    ratings: Matrix
    tuning_ratings: Matrix
    hidden: Matrix
    disliked: Matrix
    is_listed: NDArray[np.bool_]


def read_splits(
    names: Iterable[str],
    splits: DuckDBPyRelation,
    examples: DuckDBPyRelation,
    users: DuckDBPyRelation,
    catalogue: DuckDBPyRelation,
    exclusions: DuckDBPyRelation,
    liked_rating: float,
) -> Iterator[SplitData]:
    """These splits, one after the other, so that one at a time is in memory.

    Parameters
    ----------
    names : splits that are wanted; those that the warehouse does not have are passed over.
    splits, examples, users, catalogue, exclusions : relations
        `recommendation_splits`, `recommendation_examples`, `recommendation_users`,
        `recommendation_catalogue` and `recommendation_exclusions`.
    liked_rating : a song whose rating reaches this is relevant.
    """
    dates = dict(splits.project("split, snapshot_date").fetchall())
    for name in names:
        if name not in dates:
            continue
        is_split = f"split = '{name}'"
        data = split_data(
            examples.filter(is_split).project("user_id, song_id, rating, tuning_rating").df(),
            users.filter(is_split).project("user_id, is_in_matrix, is_evaluated").df(),
            catalogue.filter(is_split).project("song_id, popularity_rank").df(),
            exclusions.filter(f"{is_split} and not is_rated").project("user_id, song_id").df(),
            liked_rating,
            Key(dates[name], name),
        )
        if len(data.users) and len(data.songs):
            yield data


def split_data(
    examples: pd.DataFrame,
    users: pd.DataFrame,
    catalogue: pd.DataFrame,
    dislikes: pd.DataFrame,
    liked_rating: float,
    key: Key,
) -> SplitData:
    """The matrices of one split.

    Parameters
    ----------
    examples : DataFrame
        `user_id`, `song_id`, `rating` and `tuning_rating`, which is missing for pairs of the
        validation part.
    users : DataFrame
        `user_id`, `is_in_matrix`, `is_evaluated`.
    catalogue : DataFrame
        `song_id`, `popularity_rank`.
    dislikes : DataFrame
        Songs not to be recommended though they are not rated: `user_id`, `song_id`.
    liked_rating : a song whose rating reaches this is relevant.
    key : snapshot date and name of the split.
    """
    members = users[users["is_in_matrix"]].sort_values("user_id")
    rows = pd.Index(members["user_id"])
    columns = pd.Index(catalogue.sort_values("popularity_rank")["song_id"])

    def places(pairs: pd.DataFrame) -> tuple[Integers, Integers]:
        return rows.get_indexer(pairs["user_id"]), columns.get_indexer(pairs["song_id"])

    def matrix(values: NDArray[np.float32], row: Integers, column: Integers) -> Matrix:
        is_in = (row >= 0) & (column >= 0)
        entries = (values[is_in], (row[is_in], column[is_in]))
        return sparse.csr_matrix(entries, shape=(len(rows), len(columns)))

    # ids are looked up once for all three matrices: with many pairs that is what costs
    row, column = places(examples)
    ratings = examples["rating"].to_numpy(np.float32)
    tuning_ratings = examples["tuning_rating"].to_numpy(np.float32, na_value=np.nan)
    is_known = ~np.isnan(tuning_ratings)
    is_hidden = ~is_known & (ratings >= liked_rating)
    return SplitData(
        snapshot_date=key.snapshot_date,
        split=key.split,
        users=rows.to_numpy(np.int64),
        songs=columns.to_numpy(np.int64),
        ratings=matrix(ratings, row, column),
        tuning_ratings=matrix(tuning_ratings[is_known], row[is_known], column[is_known]),
        hidden=matrix(ratings[is_hidden], row[is_hidden], column[is_hidden]),
        disliked=matrix(np.ones(len(dislikes), np.float32), *places(dislikes)),
        is_listed=members["is_evaluated"].to_numpy(bool) | (key.split == "serve"),
    )
