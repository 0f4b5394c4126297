"""The tables of a split as matrices of users and songs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from music_box.recommendations.sparse import Integers, Matrix


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


def split_data(
    examples: pd.DataFrame,
    users: pd.DataFrame,
    catalogue: pd.DataFrame,
    dislikes: pd.DataFrame,
    liked_rating: float,
) -> Iterator[SplitData]:
    """The splits, one after the other.

    Parameters
    ----------
    examples : DataFrame
        `recommendation_examples`: `snapshot_date`, `split`, `user_id`, `song_id`, `rating`,
        `tuning_rating`, which is missing for pairs of the validation part.
    users : DataFrame
        `recommendation_users`: `snapshot_date`, `split`, `user_id`, `is_in_matrix`, `is_evaluated`.
    catalogue : DataFrame
        `recommendation_catalogue`: `snapshot_date`, `split`, `song_id`, `popularity_rank`.
    dislikes : DataFrame
        Songs not to be recommended though they are not rated: `snapshot_date`, `split`, `user_id`,
        `song_id`.
    liked_rating : a song whose rating reaches this is relevant.
    """
    keys = ["snapshot_date", "split"]
    for (snapshot_date, split), songs in catalogue.groupby(keys, sort=True):
        members = users[
            (users["split"] == split)
            & (users["snapshot_date"] == snapshot_date)
            & users["is_in_matrix"]
        ].sort_values("user_id")
        if members.empty:
            continue
        rows = pd.Index(members["user_id"])
        columns = pd.Index(songs.sort_values("popularity_rank")["song_id"])

        def matrix(pairs: pd.DataFrame, values: pd.Series, rows: Any, columns: Any) -> Matrix:
            row = rows.get_indexer(pairs["user_id"])
            column = columns.get_indexer(pairs["song_id"])
            is_in = (row >= 0) & (column >= 0)
            entries = (values.to_numpy(np.float32)[is_in], (row[is_in], column[is_in]))
            return sparse.csr_matrix(entries, shape=(len(rows), len(columns)))

        pairs = examples[
            (examples["split"] == split) & (examples["snapshot_date"] == snapshot_date)
        ]
        is_known = pairs["tuning_rating"].notna()
        hidden = pairs[~is_known & (pairs["rating"] >= liked_rating)]
        unwanted = dislikes[
            (dislikes["split"] == split) & (dislikes["snapshot_date"] == snapshot_date)
        ]
        yield SplitData(
            snapshot_date,
            str(split),
            rows.to_numpy(np.int64),
            columns.to_numpy(np.int64),
            matrix(pairs, pairs["rating"], rows, columns),
            matrix(pairs[is_known], pairs.loc[is_known, "tuning_rating"], rows, columns),
            matrix(hidden, hidden["rating"], rows, columns),
            matrix(unwanted, pd.Series(1.0, unwanted.index), rows, columns),
            ((split == "serve") | members["is_evaluated"]).to_numpy(bool),
        )
