"""Factors by singular vectors and by non-negative factorization."""

from __future__ import annotations

import warnings
from typing import ClassVar

import numpy as np
from sklearn.decomposition import non_negative_factorization
from sklearn.exceptions import ConvergenceWarning

from music_box.recommendations.recommenders.base import Arrays, FactorRecommender
from music_box.recommendations.sparse import (
    Floats,
    Matrix,
    degrees,
    leading_vectors,
    negative_power,
    scaled,
)


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
    """The study's: ratings, unrated ones being 0, cut to their leading singular vectors."""

    defaults: ClassVar = {"factors": 64}

    def _learn(self, user_items: Matrix, seed: int) -> None:
        _, self.item_factors = leading_vectors(
            user_items.astype(np.float32), self.parameters["factors"], seed
        )

    def user_factors(self, user_items: Matrix) -> Floats:
        result: Floats = user_items.astype(np.float32) @ self.item_factors
        return result


class NonNegativeFactors(FactorRecommender):
    """The study's: ratings, unrated ones being 0, as sums of factors without negative parts."""

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
