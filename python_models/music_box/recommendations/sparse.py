"""Sparse matrices of users and items: weighting, degrees, the best entries of rows."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

Matrix: TypeAlias = sparse.csr_matrix
Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

# Bounds of scores: every finite one, or every positive one.
FINITE = float(np.finfo(np.float32).min)
POSITIVE = float(np.finfo(np.float32).tiny)
# How closely singular vectors are approached.
_OVERSAMPLES = 10
_POWER_ITERATIONS = 4


def weighted(user_items: Matrix, power: float, unit: float = 1.0) -> Matrix:
    """The matrix with each value, in units, raised to a power: 0 is yes or no."""
    result = user_items.astype(np.float32)
    result.data = ((user_items.data.astype(np.float64) / unit) ** power).astype(np.float32)
    return result


def scaled(matrix: Matrix, rows: Floats | None = None, columns: Floats | None = None) -> Matrix:
    """The matrix with rows and columns multiplied by these factors."""
    result = matrix.copy()
    if rows is not None:
        result.data *= np.repeat(rows, np.diff(matrix.indptr))
    if columns is not None:
        result.data *= columns[matrix.indices]
    return result


def degrees(matrix: Matrix, axis: int) -> Floats:
    """Entries of each column (axis 0) or row (axis 1), counted."""
    result: Floats = matrix.getnnz(axis).astype(np.float32)
    return result


def sums(matrix: Matrix, axis: int) -> Floats:
    """Sums of columns (axis 0) or rows (axis 1)."""
    result: Floats = np.asarray(matrix.sum(axis), np.float32).ravel()
    return result


def negative_power(values: Floats, power: float) -> Floats:
    """Values to the power of -power; 0 where the value is 0."""
    result = np.zeros_like(values)
    np.power(values, -power, out=result, where=values > 0)
    return result


def thinned(matrix: Matrix, most: int, seed: int) -> Matrix:
    """The matrix with at most so many entries of each row.

    Which ones stay is drawn at random, by the seed and the number of the row alone: what a user
    thinks of an item, and when the user met it, have no say.
    """
    counts = np.diff(matrix.indptr)
    long = np.flatnonzero(counts > most)
    if not len(long):
        return matrix
    is_kept = np.ones(matrix.nnz, bool)
    for row in long.tolist():
        drawn = np.random.default_rng((seed, row)).permutation(counts[row])[most:]
        is_kept[matrix.indptr[row] + drawn] = False
    ends = np.concatenate([[0], np.cumsum(np.minimum(counts, most))])
    parts = (matrix.data[is_kept], matrix.indices[is_kept], ends)
    return sparse.csr_matrix(parts, shape=matrix.shape)


def keep_largest(matrix: Matrix, count: int) -> Matrix:
    """The `count` largest positive entries of each row; of equal ones the lowest columns."""
    # the least entry that may be kept is found without sorting the row: few are left to be ranked
    least = np.zeros(matrix.shape[0], np.float32)
    for full in np.flatnonzero(np.diff(matrix.indptr) > count).tolist():
        values = matrix.data[matrix.indptr[full] : matrix.indptr[full + 1]]
        least[full] = np.partition(values, -count)[-count]
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    is_candidate = (matrix.data > 0) & (matrix.data >= least[rows])
    row, column, value = _ranked(
        rows[is_candidate], matrix.indices[is_candidate], matrix.data[is_candidate], matrix.shape
    )
    is_kept = _places(row, matrix.shape[0]) < count
    entries = (value[is_kept], (row[is_kept], column[is_kept]))
    return sparse.csr_matrix(entries, shape=matrix.shape)


def _ranked(
    row: Integers, column: Integers, value: Floats, shape: tuple[int, int]
) -> tuple[Integers, Integers, Floats]:
    """The same entries, row by row, the largest first; of equal ones the lowest column.

    Row, value and column share one whole number of 64 bits, since numbers are sorted many times
    faster than places are by three keys.
    """
    column_bits = np.uint64(int(shape[1]).bit_length())
    if int(shape[0]).bit_length() + 32 + int(column_bits) > 64:  # noqa: PLR2004 - bits of a number
        raise ValueError(
            f"{shape[0]} rows and {shape[1]} columns are too many to be ranked at once"
        )
    # + 0: there are two zeros, and they are equal
    bits = np.ascontiguousarray(value + np.float32(0), np.float32).view(np.uint32)
    # negative numbers have the highest bit, and their order is reversed
    ascending = np.where(bits >> np.uint32(31), ~bits, bits | np.uint32(1 << 31))
    keys = row.astype(np.uint64) << (np.uint64(32) + column_bits)
    keys |= (~ascending).astype(np.uint64) << column_bits
    keys |= column.astype(np.uint64)
    keys.sort()
    ascending = ~(keys >> column_bits).astype(np.uint32)
    bits = np.where(ascending >> np.uint32(31), ascending & np.uint32(0x7FFFFFFF), ~ascending)
    column = (keys & ((np.uint64(1) << column_bits) - np.uint64(1))).astype(np.int64)
    row = (keys >> (np.uint64(32) + column_bits)).astype(np.int64)
    return row, column, bits.view(np.float32)


def _places(row: Integers, rows: int) -> Integers:
    """Place of each entry within its row, from 0, of entries that are ordered by row."""
    counts = np.bincount(row, minlength=rows)
    return np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)


def largest(scores: Floats, count: int, lowest: float = FINITE) -> Integers:
    """Columns of the `count` largest scores of each row, best first, then -1.

    Of equal scores the lowest column comes first. Columns are dealt out to groups: whatever is
    below the `count`-th largest maximum of a group cannot be among the `count` largest, which
    leaves few columns to sort.

    Parameters
    ----------
    scores : array, shape (rows, columns)
    count : columns wanted per row.
    lowest : scores below this one are passed over; by default only minus infinity is.

    Returns
    -------
    array, shape (rows, count)
    """
    rows, columns = scores.shape
    floor = np.full(rows, lowest, np.float32)
    depth = min(64, columns // (2 * count))
    if depth > 1:
        width = columns // depth
        maxima = scores[:, : depth * width].reshape(rows, depth, width).max(axis=1)
        best_maxima = np.partition(maxima, width - count, axis=1)[:, width - count]
        np.maximum(floor, best_maxima, out=floor)
    row, column = np.divmod(np.flatnonzero(scores >= floor[:, None]), columns)
    row, column, _ = _ranked(row, column, scores[row, column], scores.shape)
    place = _places(row, rows)
    is_best = place < count
    result = np.full((rows, count), -1, np.int64)
    result[row[is_best], place[is_best]] = column[is_best]
    return result


def leading_vectors(matrix: Matrix, count: int, seed: int) -> tuple[Floats, Floats]:
    """Largest singular values of a matrix and their right singular vectors, approximately.

    Subspace iteration from a random start (Halko, Martinsson and Tropp 2011), orthogonalised on
    the shorter side alone: scikit-learn's orthogonalises the longer one too, which for few users
    and many items costs five times as much.

    Parameters
    ----------
    matrix : shape (users, items).
    count : vectors wanted; fewer where a side is shorter.
    seed : of the start. Signs are fixed: the largest part of a vector is positive.

    Returns
    -------
    arrays, shapes (vectors,) and (items, vectors)
    """
    count = min(count, *matrix.shape)
    is_wide = matrix.shape[0] <= matrix.shape[1]
    short = matrix if is_wide else matrix.T.tocsr()
    long = short.T.tocsr()
    width = min(count + _OVERSAMPLES, short.shape[0])
    start = np.random.default_rng(seed).standard_normal((short.shape[1], width), np.float32)
    # one thread of linear algebra: narrow matrices are too small to be shared by threads
    with threadpool_limits(1, "blas"):
        basis = np.linalg.qr(short @ start)[0]
        for _ in range(_POWER_ITERATIONS):
            basis = np.linalg.qr(short @ (long @ basis))[0]
        projected = long @ basis
        squares, rotation = np.linalg.eigh((projected.T @ projected).astype(np.float64))
    order = np.argsort(-squares)[:count]
    singular = np.sqrt(np.maximum(squares[order], 0))
    rotation = rotation[:, order].astype(np.float32)
    if is_wide:
        vectors = projected @ rotation / np.maximum(singular, 1e-12).astype(np.float32)
    else:
        vectors = basis @ rotation
    largest_part = vectors[np.abs(vectors).argmax(axis=0), np.arange(count)]
    vectors *= np.where(largest_part < 0, -1, 1).astype(np.float32)
    return singular.astype(np.float32), np.ascontiguousarray(vectors)


def union(first: Matrix, second: Matrix) -> Matrix:
    """Entries of either matrix; what they hold does not matter."""
    result: Matrix = (first + second).tocsr()
    return result
