"""Alternating least squares for implicit feedback, row by row exactly, many rows at a time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.linalg.lapack import sposv
from threadpoolctl import threadpool_limits

from music_box.recommendations.recommenders.base import Arrays, FactorRecommender
from music_box.recommendations.sparse import Floats, Integers, Matrix

# Rows are solved together in blocks of about this many floats, which a core keeps at hand.
_BLOCK_FLOATS = 250_000
# Where there are more users than this, so many bring the factors of items near to where they end,
# at a fraction of the cost; an iteration with everybody follows.
_EARLY_USERS = 50_000
_EARLY_ITERATIONS, _LATE_ITERATIONS = 12, 1


@dataclass(frozen=True)
class Penalty:
    """What keeps factors small.

    Parameters
    ----------
    unobserved_weight : weight of "this user would not take this item", for every pair.
    regularization : weight of the squared factors.
    frequency_power : how regularisation grows with the entries of a row (0: not, 1: in proportion).
    """

    unobserved_weight: float
    regularization: float
    frequency_power: float


def alternate(
    user_items: Matrix, factors: int, penalty: Penalty, iterations: int, seed: int
) -> Floats:
    """Factors of items, learnt in turn with those of users (Hu, Koren, Volinsky 2008).

    Frequency-scaled regularisation and the weight of unobserved pairs are those of Rendle,
    Krichene, Zhang and Koren, "Revisiting the performance of iALS on item recommendation
    benchmarks" (2022). With more than 50,000 users, twelve iterations see so many of them, drawn
    anew for each, and the last one sees all.

    Parameters
    ----------
    user_items : matrix, shape (users, items); values are the weights of observed pairs.
    factors, penalty : see above.
    iterations : with up to 50,000 users.
    seed : of the first item factors, and of the users that an iteration sees.

    Returns
    -------
    array, shape (items, factors)
    """
    users, items = user_items.shape
    generator = np.random.default_rng(seed)
    item_factors = generator.standard_normal((items, factors), np.float32)
    item_factors *= 0.1 / np.sqrt(factors)
    is_large = users > _EARLY_USERS
    early, late = (_EARLY_ITERATIONS, _LATE_ITERATIONS) if is_large else (0, iterations)
    for iteration in range(early + late):
        some = user_items
        if iteration < early:
            some = user_items[np.sort(generator.choice(users, _EARLY_USERS, replace=False))]
        user_factors = LeastSquares(item_factors, penalty).solve(some)
        item_factors = LeastSquares(user_factors, penalty).solve(some.T.tocsr())
    return item_factors


class LeastSquares:
    """The factors of rows that fit their entries best, given those of the columns.

    Each row's system is the same for all rows but for its entries and a multiple of the identity.
    In the basis of the common part's eigenvectors both are diagonal, so that a row with fewer
    entries than factors needs only a system of the size of its entries (Woodbury).

    Parameters
    ----------
    others : factors of the columns, shape (columns, factors).
    penalty : see above.
    """

    def __init__(self, others: Floats, penalty: Penalty) -> None:
        self._penalty = penalty
        common = penalty.unobserved_weight * (others.T @ others).astype(np.float64)
        with threadpool_limits(1, "blas"):
            eigenvalues, basis = np.linalg.eigh(common)
        self._eigenvalues = np.maximum(eigenvalues, 0)
        self._basis = basis.astype(np.float32)
        self._rotated = others @ self._basis

    def solve(self, matrix: Matrix) -> Floats:
        """Factors of the rows of a matrix.

        Parameters
        ----------
        matrix : shape (rows, columns); values are weights.

        Returns
        -------
        array, shape (rows, factors); zero for a row without entries
        """
        factors = self._rotated.shape[1]
        counts = np.diff(matrix.indptr)
        frequency = counts + self._penalty.unobserved_weight * matrix.shape[1]
        ridge = self._penalty.regularization * frequency**self._penalty.frequency_power
        result = np.zeros((matrix.shape[0], factors), np.float32)

        def solve_block(rows: Integers) -> None:
            length = counts[rows[-1]]
            places = matrix.indptr[rows][:, None] + np.arange(length)
            is_entry = np.arange(length) < counts[rows][:, None]
            places = np.where(is_entry, places, 0)
            # what fills up a shorter row has no weight
            weights = np.where(is_entry, matrix.data[places], 0).astype(np.float32)
            entries = self._rotated[matrix.indices[places]]
            diagonal = (self._eigenvalues + ridge[rows][:, None]).astype(np.float32)
            solve = _solve_by_entries if length < factors else _solve_by_factors
            result[rows] = solve(entries, weights, diagonal)

        # one thread of linear algebra per block: the systems are too small to be shared by threads
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(solve_block, _blocks(counts, factors)))
        return result @ self._basis.T


def _blocks(counts: Integers, factors: int) -> list[Integers]:
    """Rows with entries, those of about the same number together."""
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    blocks, start = [], 0
    while start < len(order):
        longest = int(counts[order[start]] * 1.2) + 1
        end = int(np.searchsorted(counts[order], longest, side="right"))
        size = max(1, _BLOCK_FLOATS // (longest * factors + factors * min(factors, longest)))
        end = min(end, start + size)
        blocks.append(order[start:end])
        start = end
    return blocks


def _solve_by_factors(entries: Floats, weights: Floats, diagonal: Floats) -> Floats:
    """One system of factors x factors for each row."""
    factors = entries.shape[2]
    weighted_entries = entries * weights[:, :, None]
    systems = np.matmul(weighted_entries.transpose(0, 2, 1), entries)
    systems[:, np.arange(factors), np.arange(factors)] += diagonal
    return solve_all(systems, weighted_entries.sum(axis=1))


def _solve_by_entries(entries: Floats, weights: Floats, diagonal: Floats) -> Floats:
    """One system of entries x entries for each row.

    With E the entries, W their weights and D the diagonal, (D + E'WE)^-1 E'W 1 equals
    D^-1 E' (1/W + E D^-1 E')^-1 1, in the symmetric form that survives weights of zero.
    """
    roots = np.sqrt(weights)
    scaled = entries * roots[:, :, None]
    shrunken = scaled / diagonal[:, None, :]
    systems = np.matmul(shrunken, scaled.transpose(0, 2, 1))
    length = entries.shape[1]
    systems[:, np.arange(length), np.arange(length)] += 1
    solved = solve_all(systems, roots)
    result: Floats = np.matmul(shrunken.transpose(0, 2, 1), solved[:, :, None])[:, :, 0]
    return result


def solve_all(systems: Floats, right: Floats) -> Floats:
    """Solutions of symmetric positive definite systems.

    By Cholesky's factorisation, one after the other: half the work of NumPy's solver of general
    systems, and what NumPy's own factorisation of many costs more.

    Parameters
    ----------
    systems : shape (systems, n, n).
    right : shape (systems, n).

    Returns
    -------
    array, shape (systems, n); of a system that is singular after rounding the shortest solution
    """
    result = np.empty_like(right)
    for place, system in enumerate(systems):
        _, result[place], failure = sposv(system.T, right[place], lower=True)
        if failure:
            # positive definite but for rounding
            result[place] = np.linalg.lstsq(system, right[place])[0]
    return result


class AlternatingLeastSquares(FactorRecommender):
    """Factors that explain who took what, with a weight for what was not taken."""

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
