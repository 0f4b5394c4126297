"""Clusters of users with like taste."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from music_box.recommendations.recommenders import Arrays, SpectralFilter
from music_box.recommendations.sparse import Floats, Integers, Matrix

_FACTORS = 16
# Below so many users a cluster says nothing.
_LEAST_USERS = 50


class UserClusters:
    """K-means of users by the direction of their factors: what they like, not how much.

    Parameters
    ----------
    count : at most so many clusters; fewer where there are few users.
    """

    def __init__(self, count: int) -> None:
        self.count = count

    def fit(self, user_items: Matrix, seed: int) -> None:
        """Find clusters of the users of a matrix of shape (users, items)."""
        self._taste = SpectralFilter(factors=_FACTORS)
        self._taste.fit(user_items, seed)
        count = max(1, min(self.count, user_items.shape[0] // _LEAST_USERS))
        means = KMeans(count, n_init=3, random_state=seed).fit(self._directions(user_items))
        self.centers: NDArray[np.float64] = means.cluster_centers_.astype(np.float64)

    def _directions(self, user_items: Matrix) -> Floats:
        factors = self._taste.user_factors(user_items)
        lengths = np.linalg.norm(factors, axis=1, keepdims=True)
        result: Floats = factors / np.maximum(lengths, np.float32(1e-12))
        return result

    def assign(self, user_items: Matrix) -> Integers:
        """Cluster of each row of items, shape (rows,)."""
        directions = self._directions(user_items).astype(np.float64)
        distances = (self.centers**2).sum(axis=1) - 2 * directions @ self.centers.T
        result: Integers = distances.argmin(axis=1)
        return result

    def arrays(self) -> Arrays:
        """What has been learnt."""
        return {"centers": self.centers} | self._taste.arrays()

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> UserClusters:
        """The clusters that gave these arrays."""
        clusters = cls(len(arrays["centers"]))
        clusters.centers = arrays["centers"]
        clusters._taste = SpectralFilter(factors=_FACTORS)
        clusters._taste.restore(arrays)
        return clusters
