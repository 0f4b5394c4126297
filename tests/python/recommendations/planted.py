"""Small matrices of users and items with a taste that was planted."""

from __future__ import annotations

import numpy as np
from music_box.recommendations.sparse import Matrix
from numpy.typing import NDArray
from scipy import sparse


def ratings(users: int, items: int, share: float, seed: int) -> Matrix:
    """Ratings of 1 to 5 where a share of all pairs is rated at random."""
    generator = np.random.default_rng(seed)
    is_rated = generator.random((users, items)) < share
    return sparse.csr_matrix(is_rated * generator.integers(1, 6, (users, items)), dtype=np.float32)


def taste(users: int, items: int, seed: int, groups: int = 2, share: float = 0.4) -> Matrix:
    """The same where each group of users has a group of items of its own, in equal parts."""
    own = np.kron(np.eye(groups), np.ones((users // groups, items // groups)))
    rated = ratings(own.shape[0], own.shape[1], share, seed)
    return sparse.csr_matrix(own * rated.toarray(), dtype=np.float32)


def low_rank(users: int, items: int, rank: int, seed: int) -> NDArray[np.float64]:
    """A matrix without negative parts that so many factors explain nearly."""
    generator = np.random.default_rng(seed)
    parts = generator.random((users, rank)) @ generator.random((rank, items))
    noise: NDArray[np.float64] = generator.random((users, items)) * 1e-3
    return parts + noise
