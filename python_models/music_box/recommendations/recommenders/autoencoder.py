"""A linear autoencoder of items."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy import linalg

from music_box.recommendations.recommenders.base import (
    BLOCK_FLOATS,
    Arrays,
    Recommender,
    restored,
    stored,
)
from music_box.recommendations.sparse import (
    Floats,
    Matrix,
    degrees,
    negative_power,
    scaled,
    sums,
)


class LinearAutoencoder(Recommender):
    """Each item regressed on all others, in closed form (EASE, Steck 2019).

    With fewer users than items the inverse of items x items is written by that of users x users
    (the kernel form of ridge regression). Where that is still too large, only the items that most
    users took take part; the others score minus infinity.
    """

    defaults: ClassVar = {
        "regularization": 1.0,
        "user_power": 0.0,
        "popularity_power": 0.0,
        "value_power": 0.0,
        # rows of a system of equations, and numbers of a matrix of users and items
        "largest_system": 4096,
        "largest_matrix": 50_000_000,
    }

    def _learn(self, user_items: Matrix, seed: int) -> None:
        users, items = user_items.shape
        limit = self.parameters["largest_system"]
        self.is_by_users = users <= min(limit, items)
        if self.is_by_users:
            limit = max(1, self.parameters["largest_matrix"] // users)
        item_users = degrees(user_items, 0)
        self.items = np.sort(np.argsort(-item_users, kind="stable")[:limit])
        taken = np.maximum(item_users[self.items], 1)
        self.popularity = (taken ** -self.parameters["popularity_power"]).astype(np.float32)
        self.popularity[item_users[self.items] == 0] = 0
        rows = self._rows(user_items)
        if self.is_by_users:
            self.rows = rows
            self.inverse = self._inverse((rows @ rows.T).toarray())
            self._prepare()
            return
        inverse = self._inverse((rows.T @ rows).toarray())
        diagonal = np.diag(inverse).copy()
        # row by row, as sparse rows are multiplied
        self.weights = np.ascontiguousarray(-inverse / np.where(diagonal > 0, diagonal, 1))
        np.fill_diagonal(self.weights, 0)

    def _rows(self, user_items: Matrix) -> Matrix:
        values = self._weighted(user_items)
        lengths = negative_power(degrees(values, 1), self.parameters["user_power"])
        return scaled(values, rows=lengths)[:, self.items]

    def _inverse(self, products: Floats) -> Floats:
        """(products + regularisation)^-1; the unit of regularisation is a mean user's or item's."""
        diagonal = np.arange(len(products))
        unit = max(float(np.diag(products).mean()), 1e-12)
        products[diagonal, diagonal] += np.float32(self.parameters["regularization"] * unit)
        factor = linalg.cho_factor(products, lower=True, overwrite_a=True, check_finite=False)
        inverse: Floats = linalg.cho_solve(
            factor, np.eye(len(products), dtype=np.float32), overwrite_b=True, check_finite=False
        )
        return inverse

    def _prepare(self) -> None:
        # some items at a time: turned round as a whole, it would be in memory twice
        users, items = self.rows.shape
        self._smoothed: Floats = np.empty((users, items), np.float32)
        item_rows = self.rows.T.tocsr()
        step = max(1, BLOCK_FLOATS // users)
        for start in range(0, items, step):
            part = item_rows[start : start + step] @ self.inverse.T
            self._smoothed[:, start : start + step] = part.T
        leverage = sums(self.rows.multiply(self._smoothed), 0)
        self._scale = self.popularity / np.maximum(1 - leverage, 1e-3)

    def scores(self, user_items: Matrix) -> Floats:
        rows = self._rows(user_items)
        if self.is_by_users:
            scores: Floats = (rows @ self.rows.T).toarray() @ self._smoothed * self._scale
        else:
            scores = (rows @ self.weights) * self.popularity
        if len(self.items) == user_items.shape[1]:
            return scores
        result = np.full(user_items.shape, -np.inf, np.float32)
        result[:, self.items] = scores
        return result

    def _arrays(self) -> Arrays:
        arrays: Arrays = {"popularity": self.popularity, "items": self.items}
        if self.is_by_users:
            return arrays | {"inverse": self.inverse} | stored(self.rows, "rows")
        return arrays | {"weights": self.weights}

    def _restore(self, arrays: Arrays) -> None:
        self.popularity, self.items = arrays["popularity"], arrays["items"]
        self.is_by_users = "inverse" in arrays
        if self.is_by_users:
            self.inverse, self.rows = arrays["inverse"], restored(arrays, "rows")
            self._prepare()
        else:
            self.weights = arrays["weights"]
