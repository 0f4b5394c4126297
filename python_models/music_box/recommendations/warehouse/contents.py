"""What fitted recommenders hold, as tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from music_box.frames import constant
from music_box.parallel import in_order
from music_box.recommendations.recommenders import FactorRecommender, ItemItem
from music_box.recommendations.sparse import Floats, Integers
from music_box.recommendations.warehouse.chosen import BLEND, Chosen
from music_box.recommendations.warehouse.fits import fitted_of
from music_box.recommendations.warehouse.split_data import SplitData

NEIGHBOR_TYPES = {
    "snapshot_date": "date",
    "song_id": "bigint",
    "neighbor_rank": "integer",
    "neighbor_song_id": "bigint",
    "similarity": "double",
}
SONG_FACTOR_TYPES = {
    "snapshot_date": "date",
    "recommender": "varchar",
    "song_id": "bigint",
    "factor": "integer",
    "value": "double",
}
USER_FACTOR_TYPES = {
    "snapshot_date": "date",
    "recommender": "varchar",
    "user_id": "bigint",
    "factor": "integer",
    "value": "double",
}
MEMBER_TYPES = {"snapshot_date": "date", "user_id": "bigint", "cluster": "integer"}
WEIGHT_TYPES = {
    "snapshot_date": "date",
    "split": "varchar",
    "cluster": "integer",
    "recommender": "varchar",
    "weight": "double",
}
# Whose factors are tables: of songs with parts that add up, and of the best factorisation.
_FACTORISATIONS = ["nmf", "als"]
_FACTORISATION_TYPE = pd.CategoricalDtype(_FACTORISATIONS)
_USERS_AT_ONCE = 10_000


def neighbors_of(fits: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """Neighbours of every song, nearest first, see `NEIGHBOR_TYPES`.

    Parameters
    ----------
    fits : DataFrame
        `recommender_fits`.
    catalogue : DataFrame
        `song_id` and `popularity_rank` of the songs that they were fitted on.
    """
    if fits.empty:
        return pd.DataFrame(columns=list(NEIGHBOR_TYPES))
    songs = _songs(catalogue)
    recommender = fitted_of(fits, ["item_item"])["item_item"]
    if not isinstance(recommender, ItemItem):
        raise TypeError("item_item is no recommender by items")
    similarity = recommender.similarity
    row = np.repeat(np.arange(similarity.shape[0]), np.diff(similarity.indptr))
    order = np.lexsort((similarity.indices, -similarity.data, row))
    rank = np.arange(len(row)) - np.repeat(similarity.indptr[:-1], np.diff(similarity.indptr))
    return pd.DataFrame(
        {
            "snapshot_date": fits["snapshot_date"].iloc[0],
            "song_id": songs[row],
            "neighbor_rank": (rank + 1).astype(np.int32),
            "neighbor_song_id": songs[similarity.indices[order]],
            "similarity": similarity.data[order],
        }
    )


def song_factors_of(fits: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """Factors of songs, see `SONG_FACTOR_TYPES`; parameters as of `neighbors_of`."""
    if fits.empty:
        return pd.DataFrame(columns=list(SONG_FACTOR_TYPES))
    songs = _songs(catalogue)
    values = {name: recommender.item_factors for name, recommender in _factorisations(fits).items()}
    return _long(fits, "song_id", songs, values)


def user_factors_of(fits: pd.DataFrame, splits: Iterable[SplitData]) -> Iterator[pd.DataFrame]:
    """Factors of the users who are served, some users at a time, see `USER_FACTOR_TYPES`."""
    recommenders = _factorisations(fits)
    for data in splits:

        def factors_of(users: Integers, data: SplitData = data) -> pd.DataFrame:
            rows = data.ratings[users]
            values = {name: one.user_factors(rows) for name, one in recommenders.items()}
            return _long(fits, "user_id", data.users[users], values)

        every_user = np.arange(len(data.users))
        parts = [every_user[at : at + _USERS_AT_ONCE] for at in every_user[::_USERS_AT_ONCE]]
        yield from in_order(factors_of, parts)


def cluster_members_of(tuning: pd.DataFrame, splits: Iterable[SplitData]) -> pd.DataFrame:
    """Clusters of the users who are served, see `MEMBER_TYPES`."""
    for data in splits:
        return pd.DataFrame(
            {
                "snapshot_date": pd.Timestamp(data.snapshot_date),
                "user_id": data.users,
                "cluster": Chosen.of(tuning, data.split).user_clusters(data).astype(np.int32),
            }
        )
    return pd.DataFrame(columns=list(MEMBER_TYPES))


def weights_of(tuning: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Weights of the blend, see `WEIGHT_TYPES`.

    Parameters
    ----------
    tuning : DataFrame
        `recommender_tuning`.
    splits : DataFrame
        `snapshot_date` and `split` of the splits that there are.
    """
    rows = []
    for snapshot_date, split in zip(splits["snapshot_date"], splits["split"], strict=True):
        own = Chosen.split_of(tuning, split)
        blend = tuning[(tuning["split"] == own) & (tuning["recommender"] == BLEND)]
        for text in blend["parameters"]:
            weights = json.loads(text)
            every = {None: weights["weights"]} | dict(enumerate(weights["cluster_weights"]))
            rows += [
                (snapshot_date, split, cluster, recommender, weight)
                for cluster, by_name in every.items()
                for recommender, weight in by_name.items()
            ]
    return pd.DataFrame(rows, columns=list(WEIGHT_TYPES)).astype({"cluster": "Int32"})


def _songs(catalogue: pd.DataFrame) -> Integers:
    """Songs in the order of the matrices' columns."""
    return catalogue.sort_values("popularity_rank")["song_id"].to_numpy(np.int64)


def _factorisations(fits: pd.DataFrame) -> dict[str, FactorRecommender]:
    return {
        name: recommender
        for name, recommender in fitted_of(fits, _FACTORISATIONS).items()
        if isinstance(recommender, FactorRecommender)
    }


def _long(
    fits: pd.DataFrame, key: str, ids: Integers, values: Mapping[str, Floats]
) -> pd.DataFrame:
    """A row per recommender, id and factor."""
    frames = [
        pd.DataFrame(
            {
                "snapshot_date": fits["snapshot_date"].iloc[0],
                "recommender": constant(recommender, factors.size).astype(_FACTORISATION_TYPE),
                key: np.repeat(ids, factors.shape[1]),
                "factor": np.tile(np.arange(factors.shape[1], dtype=np.int32), len(factors)),
                "value": factors.ravel(),
            }
        )
        for recommender, factors in values.items()
    ]
    return pd.concat(frames, ignore_index=True)
