"""Recommenders by the nearest items of an item, and by the nearest users of a user."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import numpy as np
from scipy import sparse

from music_box.recommendations.recommenders.base import (
    BLOCK_FLOATS,
    Arrays,
    Recommender,
    restored,
    stored,
)
from music_box.recommendations.sparse import (
    POSITIVE,
    Floats,
    Matrix,
    degrees,
    keep_largest,
    largest,
    negative_power,
    scaled,
    sums,
    weighted,
)

# Similarities are summed in dense rows where a mean item meets this share of all items.
_DENSE_SHARE = 0.5
# Added to ratings of 1 to 5: the least that tells apart sums of single-precision numbers.
_TIE_BREAK = 1e-6


class ItemNeighbors(Recommender):
    """Items like those that the user has: cosine of columns, shrunk, the nearest neighbours alone.

    Similarity of two items is their dot product over (product of their norms + shrinkage)
    (Deshpande and Karypis 2004; shrinkage after Bell and Koren 2007). An item is not its own
    neighbour.
    """

    defaults: ClassVar = {
        "neighbors": 75,
        "shrinkage": 10.0,
        "user_power": 0.0,
        "value_power": 0.0,
    }

    def _learn(self, user_items: Matrix, seed: int) -> None:
        values = self._weighted(user_items)
        users = negative_power(degrees(values, 1), self.parameters["user_power"] / 2)
        values = scaled(values, rows=users)
        norms = np.sqrt(sums(values.multiply(values), 0))
        self.use_similarity(
            nearest(values, norms, self.parameters["neighbors"], self.parameters["shrinkage"])
        )

    def use_similarity(self, similarity: Matrix) -> None:
        """Take over neighbours, for each item a row, shape (items, items)."""
        self.similarity = similarity
        # for each item those of which it is a neighbour: what a row of items is multiplied by
        self._similar = similarity.T.tocsr()

    def scores(self, user_items: Matrix) -> Floats:
        values = self._weighted(user_items)
        result: Floats = (values @ self._similar).toarray()
        return result

    def _arrays(self) -> Arrays:
        return stored(self.similarity, "similarity")

    def _restore(self, arrays: Arrays) -> None:
        self.use_similarity(restored(arrays, "similarity"))


def nearest(values: Matrix, norms: Floats, neighbors: int, shrinkage: float) -> Matrix:
    """For each item its nearest ones, row by row, shape (items, items); none is its own."""
    items = values.shape[1]
    item_users = values.T.tocsr()
    # what is multiplied for a mean item: a song of each of its users, for each of them
    multiplied = float((np.diff(values.indptr).astype(float) ** 2).sum()) / max(items, 1)
    is_dense = multiplied > _DENSE_SHARE * items
    block = max(1, BLOCK_FLOATS // max(items, 1))
    # an item without users is like none, not 0 / 0
    lengths = np.where(norms > 0, norms, 1)
    blocks = []
    for start in range(0, items, block):
        some = item_users[start : start + block]
        if is_dense:
            products = _dense_products(some, values)
            products /= lengths[start : start + block, None] * lengths + np.float32(shrinkage)
            own = np.arange(len(products))
            products[own, own + start] = 0
            best = largest(products, min(neighbors, items), lowest=POSITIVE)
            row, rank = np.nonzero(best >= 0)
            column = best[row, rank]
            entries = (products[row, column], (row, column))
            blocks.append(sparse.csr_matrix(entries, shape=products.shape))
        else:
            products = (some @ values).tocsr()
            rows = np.repeat(np.arange(products.shape[0]), np.diff(products.indptr)) + start
            products.data /= lengths[rows] * lengths[products.indices] + np.float32(shrinkage)
            products.data[rows == products.indices] = 0
            blocks.append(keep_largest(products, neighbors))
    return sparse.vstack(blocks, "csr") if blocks else sparse.csr_matrix((0, 0), dtype=np.float32)


def _dense_products(item_users: Matrix, values: Matrix) -> Floats:
    """`item_users @ values` where most entries are not 0: added up in place, row by row."""
    products = np.zeros((item_users.shape[0], values.shape[1]), np.float32)
    for place, (first, last) in enumerate(pairwise(item_users.indptr)):
        if last > first:
            users = values[item_users.indices[first:last]]
            products[place] = users.T @ item_users.data[first:last]
    return products


class ItemItem(ItemNeighbors):
    """The study's: cosine of ratings, 75 neighbours, ranked by summed similarity x rating."""

    defaults: ClassVar = {
        "neighbors": 75,
        "shrinkage": 0.0,
        "user_power": 0.0,
        "value_power": 1.0,
    }

    def scores(self, user_items: Matrix) -> Floats:
        # of equal scores the larger summed similarity comes first
        values = user_items.astype(np.float32)
        values.data += np.float32(_TIE_BREAK)
        result: Floats = (values @ self._similar).toarray()
        return result

    def predicted(self, user_items: Matrix) -> Floats:
        """Mean rating of the neighbors that the user has, by similarity; 0 if they have none."""
        total = user_items.astype(np.float32) @ self._similar
        # the same entries in the same order: they differ in values alone
        weight = weighted(user_items, 0) @ self._similar
        total.data /= weight.data
        result: Floats = total.toarray()
        return result


class ItemItemMean(ItemItem):
    """The study's ranking by predicted rating, under which hundreds of items tie."""

    def scores(self, user_items: Matrix) -> Floats:
        return self.predicted(user_items)


class UserNeighbors(Recommender):
    """What users like the user have: cosine of rows, in which rare items count more.

    Neighbours are looked for among at most `largest_pool` users, drawn at random, so that what a
    user costs does not grow with the number of users.
    """

    defaults: ClassVar = {
        "neighbors": 100,
        "shrinkage": 1.0,
        "item_power": 0.5,
        "value_power": 0.0,
        "largest_pool": 20_000,
    }

    def _learn(self, user_items: Matrix, seed: int) -> None:
        users, pool = user_items.shape[0], self.parameters["largest_pool"]
        if users > pool:
            drawn = np.random.default_rng(seed).choice(users, pool, replace=False)
            user_items = user_items[np.sort(drawn)]
        self.user_items = self._weighted(user_items)
        self._prepare()

    def _prepare(self) -> None:
        self._items = negative_power(degrees(self.user_items, 0), self.parameters["item_power"] / 2)
        self._rows = scaled(self.user_items, columns=self._items)
        self._norms = np.sqrt(sums(self._rows.multiply(self._rows), 1))
        self._unit = np.median(self._norms[self._norms > 0]) ** 2 if self._norms.any() else 1.0

    def scores(self, user_items: Matrix) -> Floats:
        rows = scaled(self._weighted(user_items), columns=self._items)
        norms = np.sqrt(sums(rows.multiply(rows), 1))
        similarity = (rows @ self._rows.T).toarray()
        shrinkage = np.float32(self.parameters["shrinkage"] * self._unit + 1e-12)
        similarity /= norms[:, None] * self._norms + shrinkage
        # a user's own row says nothing: it holds just what they have
        count = min(self.parameters["neighbors"] + 1, similarity.shape[1])
        best = largest(similarity, count, lowest=POSITIVE)
        row, place = np.nonzero(best >= 0)
        column = best[row, place]
        neighbors = sparse.csr_matrix(
            (similarity[row, column], (row, column)), shape=similarity.shape
        )
        result: Floats = (neighbors @ self.user_items).toarray()
        return result

    def _arrays(self) -> Arrays:
        return stored(self.user_items, "user_items")

    def _restore(self, arrays: Arrays) -> None:
        self.user_items = restored(arrays, "user_items")
        self._prepare()
