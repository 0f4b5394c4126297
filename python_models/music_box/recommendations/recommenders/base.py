"""What every recommender is, and every one whose scores are products of factors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from music_box.recommendations.sparse import Floats, Matrix, thinned, weighted

Arrays = dict[str, NDArray[Any]]
# Dense blocks of scores hold about this many floats.
BLOCK_FLOATS = 4_000_000


class Recommender(ABC):
    """A way of scoring items, with its parameters and what it has learnt.

    Values of a matrix count in units of the mean value that was fitted, so that parameters mean the
    same whatever unit the data came in; `value_power` says how much they count at all.
    """

    defaults: ClassVar[dict[str, Any]]
    # Pairs of one user's items grow with the square of their number: a fit sees at most so many of
    # them. Scores see all, and lists leave out all.
    largest_row = 5_000

    def __init__(self, **parameters: float) -> None:
        self.parameters = self.defaults | parameters
        self.unit = 1.0

    def fit(self, user_items: Matrix, seed: int) -> None:
        """Learn from a matrix of shape (users, items); of long rows a part, drawn at random."""
        user_items = thinned(user_items, self.largest_row, seed)
        self.unit = float(user_items.data.mean()) if user_items.nnz else 1.0
        self._learn(user_items, seed)

    @abstractmethod
    def scores(self, user_items: Matrix) -> Floats:
        """Scores of all items for each row of items, shape (rows, items); higher is better."""

    def arrays(self) -> Arrays:
        """What has been learnt."""
        return {"unit": np.array([self.unit])} | self._arrays()

    @classmethod
    def from_arrays(cls, parameters: dict[str, Any], arrays: Arrays) -> Recommender:
        """The recommender that has learnt this."""
        recommender = cls(**parameters)
        recommender.restore(arrays)
        return recommender

    def restore(self, arrays: Arrays) -> None:
        """Restore the state returned by `arrays`."""
        self.unit = float(arrays["unit"][0])
        self._restore(arrays)

    @property
    def factors(self) -> int | None:
        """Number of factors, of a recommender that has some."""
        return None

    @abstractmethod
    def _learn(self, user_items: Matrix, seed: int) -> None: ...

    @abstractmethod
    def _arrays(self) -> Arrays: ...

    @abstractmethod
    def _restore(self, arrays: Arrays) -> None: ...

    def _weighted(self, user_items: Matrix) -> Matrix:
        return weighted(user_items, self.parameters["value_power"], self.unit)


class FactorRecommender(Recommender):
    """Scores that are products of a user's and an item's factors."""

    item_factors: Floats

    @property
    def factors(self) -> int:
        return int(self.item_factors.shape[1])

    @abstractmethod
    def user_factors(self, user_items: Matrix) -> Floats:
        """Factors of users with these items, shape (rows, factors)."""

    def scores(self, user_items: Matrix) -> Floats:
        return self.user_factors(user_items) @ self.item_factors.T

    def _arrays(self) -> Arrays:
        return {"item_factors": self.item_factors}

    def _restore(self, arrays: Arrays) -> None:
        self.item_factors = arrays["item_factors"]


def stored(matrix: Matrix, name: str) -> Arrays:
    """Arrays of a matrix, under names that begin with `name`."""
    return {
        f"{name}.data": matrix.data.astype(np.float32),
        f"{name}.indices": matrix.indices.astype(np.int32),
        f"{name}.indptr": matrix.indptr.astype(np.int64),
        f"{name}.shape": np.array(matrix.shape, np.int64),
    }


def restored(arrays: Arrays, name: str) -> Matrix:
    """The matrix whose arrays `stored` gave this name."""
    parts = tuple(arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
    return sparse.csr_matrix(parts, shape=tuple(arrays[f"{name}.shape"]))
