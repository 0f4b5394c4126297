"""The study's errors: how well recommenders reproduce ratings that they have learnt from."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from music_box.parallel import in_order
from music_box.recommendations.recommenders import (
    FactorRecommender,
    ItemItem,
    NonNegativeFactors,
    TruncatedSvd,
)
from music_box.recommendations.sparse import Matrix
from music_box.recommendations.tuning import batches

ERROR_TYPES = {
    "snapshot_date": "date",
    "split": "varchar",
    "recommender": "varchar",
    "metric": "varchar",
    "value": "double",
    "users": "bigint",
    "songs": "bigint",
    "factors": "bigint",
}


def in_sample_errors(
    ratings: pd.DataFrame, splits: pd.DataFrame, factors: int, seed: int
) -> pd.DataFrame:
    """Root mean squared and mean absolute error over all ratings, and per user and then averaged.

    Parameters
    ----------
    ratings : DataFrame
        `user_id`, `song_id`, `rating`.
    splits : DataFrame
        One row with the `snapshot_date`, or none.
    factors : of the factorisations; fewer where there are fewer users or songs.
    seed : of the factorisations.

    Returns
    -------
    DataFrame
        A row per recommender and metric, see `ERROR_TYPES`; none without ratings.
    """
    if ratings.empty:
        return pd.DataFrame(columns=list(ERROR_TYPES))
    user, users = pd.factorize(ratings["user_id"], sort=True)
    song, songs = pd.factorize(ratings["song_id"], sort=True)
    matrix = sparse.csr_matrix(
        (ratings["rating"].to_numpy(np.float32), (user, song)), shape=(len(users), len(songs))
    )
    recommenders: dict[str, ItemItem | FactorRecommender] = {
        "item_item": ItemItem(),
        "nmf": NonNegativeFactors(factors=factors),
        "truncated_svd": TruncatedSvd(factors=factors),
    }

    def errors_of(name: str) -> dict[str, float]:
        recommenders[name].fit(matrix, seed)
        return _errors(matrix, predicted(recommenders[name], matrix))

    every = zip(recommenders, in_order(errors_of, recommenders), strict=True)
    rows = [
        {
            "snapshot_date": splits["snapshot_date"].iloc[0],
            "split": "in_sample",
            "recommender": name,
            "metric": metric,
            "value": value,
            "users": len(users),
            "songs": len(songs),
            "factors": recommenders[name].factors,
        }
        for name, errors in every
        for metric, value in errors.items()
    ]
    return pd.DataFrame(rows, columns=list(ERROR_TYPES))


def predicted(recommender: ItemItem | FactorRecommender, matrix: Matrix) -> NDArray[np.float32]:
    """The rating predicted for each entry of the matrix, in its order."""
    parts = []
    for batch in batches(np.arange(matrix.shape[0]), matrix.shape[1]):
        rows = matrix[batch]
        if isinstance(recommender, ItemItem):
            values = recommender.predicted(rows)
        else:
            values = recommender.scores(rows)
        row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        parts.append(values[row, rows.indices])
    return np.concatenate(parts)


def _errors(matrix: Matrix, predictions: NDArray[np.float32]) -> dict[str, float]:
    user = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    difference = pd.Series(matrix.data.astype(float) - predictions)
    by_user = difference.groupby(user)
    return {
        "rmse": root_mean_squared_error(matrix.data, predictions),
        "mean_absolute_error": mean_absolute_error(matrix.data, predictions),
        "mean_user_rmse": float((difference**2).groupby(user).mean().pow(0.5).mean()),
        "mean_user_mean_absolute_error": float(
            by_user.apply(lambda values: values.abs().mean()).mean()
        ),
    }
