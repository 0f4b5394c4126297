"""Recommenders: each learns from a sparse matrix of users and items, and scores items for users.

A user to be scored is a row of items, whether or not he was among those learnt from.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from sklearn.decomposition import non_negative_factorization
from sklearn.exceptions import ConvergenceWarning

from music_box.recommendations.als import LeastSquares, Penalty, alternate
from music_box.recommendations.sparse import (
    POSITIVE,
    Floats,
    Matrix,
    degrees,
    keep_largest,
    largest,
    leading_vectors,
    negative_power,
    scaled,
    sums,
    thinned,
    weighted,
)

Arrays = dict[str, NDArray[Any]]

# Dense blocks of scores hold about this many floats.
_BLOCK_FLOATS = 4_000_000
# Similarities are summed in dense rows where a mean item meets this share of all items.
_DENSE_SHARE = 0.5
# Added to ratings of 1 to 5: the least that tells apart sums of single-precision numbers.
_TIE_BREAK = 1e-6


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
        """Take over what `arrays` gave."""
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
        return _stored(self.similarity, "similarity")

    def _restore(self, arrays: Arrays) -> None:
        self.use_similarity(_restored(arrays, "similarity"))


def nearest(values: Matrix, norms: Floats, neighbors: int, shrinkage: float) -> Matrix:
    """For each item its nearest ones, row by row, shape (items, items); none is its own."""
    items = values.shape[1]
    item_users = values.T.tocsr()
    # what is multiplied for a mean item: a song of each of its users, for each of them
    multiplied = float((np.diff(values.indptr).astype(float) ** 2).sum()) / max(items, 1)
    is_dense = multiplied > _DENSE_SHARE * items
    block = max(1, _BLOCK_FLOATS // max(items, 1))
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
    """The report's: cosine of ratings, 75 neighbours, ranked by summed similarity x rating."""

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
        """Mean rating of the neighbours that the user has, by similarity; 0 where he has none."""
        total = user_items.astype(np.float32) @ self._similar
        # the same entries in the same order: they differ in values alone
        weight = weighted(user_items, 0) @ self._similar
        total.data /= weight.data
        result: Floats = total.toarray()
        return result


class ItemItemMean(ItemItem):
    """The report's ranking by predicted rating, under which hundreds of items tie."""

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
        # a user's own row says nothing: it holds just what he has
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
        return _stored(self.user_items, "user_items")

    def _restore(self, arrays: Arrays) -> None:
        self.user_items = _restored(arrays, "user_items")
        self._prepare()


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
        step = max(1, _BLOCK_FLOATS // users)
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
            return arrays | {"inverse": self.inverse} | _stored(self.rows, "rows")
        return arrays | {"weights": self.weights}

    def _restore(self, arrays: Arrays) -> None:
        self.popularity, self.items = arrays["popularity"], arrays["items"]
        self.is_by_users = "inverse" in arrays
        if self.is_by_users:
            self.inverse, self.rows = arrays["inverse"], _restored(arrays, "rows")
            self._prepare()
        else:
            self.weights = arrays["weights"]


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


class AlternatingLeastSquares(FactorRecommender):
    """Factors that explain who took what, with a weight for what was not taken (see `als`)."""

    defaults: ClassVar = {
        "factors": 64,
        "unobserved_weight": 0.1,
        "regularization": 0.005,
        "frequency_power": 1.0,
        "value_power": 0.0,
        "iterations": 8,
    }

    @property
    def _penalty(self) -> Penalty:
        return Penalty(
            self.parameters["unobserved_weight"],
            self.parameters["regularization"],
            self.parameters["frequency_power"],
        )

    def _learn(self, user_items: Matrix, seed: int) -> None:
        values = self._weighted(user_items)
        self.item_factors = alternate(
            values, self.parameters["factors"], self._penalty, self.parameters["iterations"], seed
        )
        self._prepare()

    def _prepare(self) -> None:
        self._least_squares = LeastSquares(self.item_factors, self._penalty)

    def user_factors(self, user_items: Matrix) -> Floats:
        return self._least_squares.solve(self._weighted(user_items))

    def _restore(self, arrays: Arrays) -> None:
        super()._restore(arrays)
        self._prepare()


class SpectralFilter(FactorRecommender):
    """A smoother of the graph of users and items: its leading singular vectors, damped.

    The matrix is scaled by powers of what users and items have, cut to its leading singular
    vectors, and each is weighted by a power of its singular value (after Shen et al. 2021, "How
    powerful is graph convolution for recommendation?").
    """

    defaults: ClassVar = {
        "factors": 128,
        "user_power": 0.5,
        "item_power": 0.4,
        "spectrum_power": 1.0,
        "value_power": 0.0,
    }

    def _learn(self, user_items: Matrix, seed: int) -> None:
        self.item_users = degrees(user_items, 0)
        rows = self._rows(user_items)
        singular, vectors = leading_vectors(rows, self.parameters["factors"], seed)
        relative = singular / np.maximum(singular[0], np.float32(1e-12))
        self.item_factors = vectors * relative ** np.float32(self.parameters["spectrum_power"] / 2)

    def _rows(self, user_items: Matrix) -> Matrix:
        values = self._weighted(user_items)
        return scaled(
            values,
            rows=negative_power(degrees(values, 1), self.parameters["user_power"]),
            columns=negative_power(self.item_users, self.parameters["item_power"]),
        )

    def user_factors(self, user_items: Matrix) -> Floats:
        result: Floats = self._rows(user_items) @ self.item_factors
        return result

    def scores(self, user_items: Matrix) -> Floats:
        boost = np.where(
            self.item_users > 0, np.maximum(self.item_users, 1) ** self.parameters["item_power"], 0
        ).astype(np.float32)
        return super().scores(user_items) * boost

    def _arrays(self) -> Arrays:
        return {"item_factors": self.item_factors, "item_users": self.item_users}

    def _restore(self, arrays: Arrays) -> None:
        self.item_factors, self.item_users = arrays["item_factors"], arrays["item_users"]


class TruncatedSvd(FactorRecommender):
    """The report's: ratings, unrated ones being 0, cut to their leading singular vectors."""

    defaults: ClassVar = {"factors": 64}

    def _learn(self, user_items: Matrix, seed: int) -> None:
        _, self.item_factors = leading_vectors(
            user_items.astype(np.float32), self.parameters["factors"], seed
        )

    def user_factors(self, user_items: Matrix) -> Floats:
        result: Floats = user_items.astype(np.float32) @ self.item_factors
        return result


class NonNegativeFactors(FactorRecommender):
    """The report's: ratings, unrated ones being 0, as sums of factors without negative parts."""

    defaults: ClassVar = {"factors": 32, "iterations": 30}

    def _learn(self, user_items: Matrix, seed: int) -> None:
        factors = min(self.parameters["factors"], *user_items.shape)
        with warnings.catch_warnings():
            # the number of iterations is chosen, not a failure
            warnings.simplefilter("ignore", ConvergenceWarning)
            _, items, _ = non_negative_factorization(
                user_items.astype(np.float32),
                n_components=factors,
                init="nndsvd",
                tol=0,
                max_iter=self.parameters["iterations"],
                random_state=seed,
            )
        self.item_factors = np.ascontiguousarray(items.T, np.float32)

    def user_factors(self, user_items: Matrix) -> Floats:
        """The factors at which scikit-learn's coordinate descent arrives, items being fixed.

        Their products with items are computed once, not at every iteration, and each factor of all
        users at once (Cichocki and Phan 2009).
        """
        products = user_items.astype(np.float32) @ self.item_factors
        squares = self.item_factors.T @ self.item_factors
        users: Floats = np.zeros_like(products)
        for _ in range(self.parameters["iterations"]):
            for factor in np.flatnonzero(np.diag(squares)):
                step = (products[:, factor] - users @ squares[:, factor]) / squares[factor, factor]
                np.maximum(users[:, factor] + step, 0, out=users[:, factor])
        return users


def _stored(matrix: Matrix, name: str) -> Arrays:
    return {
        f"{name}.data": matrix.data.astype(np.float32),
        f"{name}.indices": matrix.indices.astype(np.int32),
        f"{name}.indptr": matrix.indptr.astype(np.int64),
        f"{name}.shape": np.array(matrix.shape, np.int64),
    }


def _restored(arrays: Arrays, name: str) -> Matrix:
    parts = tuple(arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
    return sparse.csr_matrix(parts, shape=tuple(arrays[f"{name}.shape"]))
