"""The best entries of rows against a plain sort, and the small tools of matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from music_box.recommendations.sparse import (
    Floats,
    degrees,
    keep_largest,
    largest,
    negative_power,
    scaled,
    sums,
    thinned,
    weighted,
)
from numpy.typing import NDArray
from scipy import sparse

from recommendations import planted

# what sorts wrongly where bits of numbers are compared carelessly; zero is without a sign
AWKWARD = [-np.inf, -3e38, -2.0, -1.0, -1e-45, 0.0, 1e-45, 1.1754944e-38, 1.0, 2.0, 3e38, np.inf]


def awkward_scores(rows: int, columns: int, distinct: int, seed: int) -> Floats:
    """Awkward numbers, many of them equal."""
    generator = np.random.default_rng(seed)
    values = np.concatenate([AWKWARD, generator.standard_normal(4)])
    some = generator.choice(values, distinct)
    return generator.choice(some, (rows, columns)).astype(np.float32)


SCORES = st.builds(
    awkward_scores,
    st.integers(1, 4),
    st.integers(1, 60),
    st.integers(1, 20),
    st.integers(0, 2**32 - 1),
)


def sorted_columns(scores: Floats, count: int, lowest: float | None = None) -> NDArray[np.int64]:
    """`largest` by its definition."""
    result = np.full((len(scores), count), -1)
    for row, values in enumerate(scores.tolist()):
        wanted = [
            column
            for column, value in enumerate(values)
            if (value > -np.inf if lowest is None else value >= lowest)
        ]
        wanted.sort(key=lambda column: (-values[column], column))
        result[row, : len(wanted[:count])] = wanted[:count]
    return result


# --- The largest --------------------------------------------------------------------------------


@given(SCORES, st.integers(1, 8))
@settings(max_examples=300, deadline=None)
def test_the_largest_are_those_of_a_plain_sort(scores: Floats, count: int) -> None:
    np.testing.assert_array_equal(largest(scores, count), sorted_columns(scores, count))


@pytest.mark.parametrize("count", [1, 10, 100, 900])
@pytest.mark.parametrize("distinct", [1, 3, 50, 10**6])
def test_the_largest_of_many_columns_are_those_of_a_plain_sort(count: int, distinct: int) -> None:
    generator = np.random.default_rng(distinct)
    scores = generator.integers(-distinct, distinct, (20, 1_003)).astype(np.float32) + np.float32(0)
    scores[generator.random(scores.shape) < 0.2] = -np.inf
    scores[3] = -np.inf
    scores[4, 5:] = -np.inf
    scores[5] = np.arange(1_003)
    scores[6] = -np.arange(1_003)
    np.testing.assert_array_equal(largest(scores, count), sorted_columns(scores, count))


def test_a_negative_zero_lies_between_the_smallest_numbers_of_either_sign() -> None:
    scores = np.array([[-1e-45, -0.0, 1e-45]], np.float32)
    np.testing.assert_array_equal(largest(scores, 3), [[2, 1, 0]])


def test_columns_that_are_missing_are_told_by_minus_one() -> None:
    scores = np.array([[-np.inf, -5.0], [-np.inf, -np.inf]], np.float32)
    np.testing.assert_array_equal(largest(scores, 4), [[1, -1, -1, -1], [-1, -1, -1, -1]])
    assert largest(np.zeros((0, 3), np.float32), 2).shape == (0, 2)


@given(SCORES, st.integers(1, 8), st.sampled_from([-1.0, 0.0, 1e-38, 1.0, 2.5]))
@settings(max_examples=150, deadline=None)
def test_scores_below_the_lowest_are_passed_over(scores: Floats, count: int, lowest: float) -> None:
    found = largest(scores, count, lowest=float(np.float32(lowest)))
    expected = sorted_columns(scores, count, float(np.float32(lowest)))
    np.testing.assert_array_equal(found, expected)


def test_scores_are_not_changed() -> None:
    scores = np.random.default_rng(1).standard_normal((5, 200)).astype(np.float32)
    before = scores.copy()
    largest(scores, 3)
    np.testing.assert_array_equal(scores, before)


# --- The largest that are kept ------------------------------------------------------------------


def kept_columns(values: Floats, count: int) -> Floats:
    """`keep_largest` by its definition."""
    result = np.zeros_like(values)
    for row, columns in enumerate(sorted_columns(np.where(values > 0, values, -np.inf), count)):
        for column in columns[columns >= 0]:
            result[row, column] = values[row, column]
    return result


@given(SCORES, st.integers(1, 8))
@settings(max_examples=150, deadline=None)
def test_the_largest_positive_entries_are_kept(values: Floats, count: int) -> None:
    values = np.nan_to_num(values, posinf=4.0, neginf=-4.0)
    kept = keep_largest(sparse.csr_matrix(values), count)
    assert kept.shape == values.shape
    np.testing.assert_array_equal(kept.toarray(), kept_columns(values, count))


def test_of_equal_entries_the_lowest_columns_are_kept_whatever_their_order() -> None:
    matrix = sparse.csr_matrix(
        (
            np.array([1, 1, 1, 2, 0, -1, 1], np.float32),
            ([1, 1, 1, 1, 1, 1, 2], [7, 2, 5, 9, 0, 1, 0]),
        ),
        shape=(4, 10),
    )
    kept = keep_largest(matrix, 3)
    np.testing.assert_array_equal(np.argwhere(kept.toarray()), [[1, 2], [1, 5], [1, 9], [2, 0]])
    assert keep_largest(sparse.csr_matrix((2, 3), dtype=np.float32), 2).nnz == 0


def test_a_matrix_whose_places_have_too_many_bits_is_refused() -> None:
    matrix = sparse.csr_matrix((1 << 18, 1 << 18), dtype=np.float32)
    with pytest.raises(ValueError, match="too many to be ranked"):
        keep_largest(matrix, 2)


# --- Weights and degrees ------------------------------------------------------------------------


def test_weights_do_not_depend_on_the_unit_of_the_values() -> None:
    matrix = planted.ratings(30, 20, 0.3, seed=1)
    for power in (0.0, 0.5, 1.0):
        mean = float(matrix.data.mean(dtype=np.float64))
        ours = weighted(matrix, power, mean).toarray()
        seconds = weighted(matrix * 3600, power, mean * 3600)
        np.testing.assert_allclose(seconds.toarray(), ours, rtol=1e-6)
        expected = np.where(matrix.toarray() > 0, (matrix.toarray() / mean) ** power, 0)
        np.testing.assert_allclose(ours, expected, rtol=1e-6)
    assert weighted(sparse.csr_matrix((2, 3)), 1.0).nnz == 0


def test_rows_and_columns_are_multiplied_in_a_copy() -> None:
    matrix = planted.ratings(6, 4, 0.5, seed=2)
    dense = matrix.toarray()
    rows, columns = np.arange(6, dtype=np.float32), np.arange(4, dtype=np.float32) + 1
    ours = scaled(matrix, rows, columns).toarray()
    np.testing.assert_allclose(ours, dense * rows[:, None] * columns)
    np.testing.assert_array_equal(matrix.toarray(), dense)


def test_degrees_count_and_sums_add_up() -> None:
    matrix = planted.ratings(6, 4, 0.5, seed=3)
    dense = matrix.toarray()
    for axis in (0, 1):
        np.testing.assert_array_equal(degrees(matrix, axis), (dense > 0).sum(axis))
        np.testing.assert_array_equal(sums(matrix, axis), dense.sum(axis))


def test_a_negative_power_of_nothing_is_nothing() -> None:
    values = np.array([0, 1, 4], np.float32)
    np.testing.assert_allclose(negative_power(values, 0.5), [0, 1, 0.5])
    np.testing.assert_allclose(negative_power(values, 0.0), [0, 1, 1])


# --- Long rows ----------------------------------------------------------------------------------


def test_a_matrix_without_long_rows_is_left_as_it_is() -> None:
    matrix = planted.ratings(30, 20, 0.3, seed=1)
    assert thinned(matrix, int(matrix.getnnz(1).max()), seed=1) is matrix


def test_of_a_long_row_so_many_entries_stay_and_of_the_others_all() -> None:
    matrix = sparse.csr_matrix(np.array([[1, 2, 3, 4, 5], [0, 7, 0, 8, 0], [0] * 5, [9] * 5]))
    part = thinned(matrix.astype(np.float32), 3, seed=1)
    assert part.getnnz(1).tolist() == [3, 2, 0, 3]
    assert part.shape == matrix.shape
    # what stays is what it was, where it was
    assert (part.multiply(part != matrix)).nnz == 0
    assert part.toarray()[1].tolist() == [0, 7, 0, 8, 0]


def test_what_stays_of_a_row_hangs_on_seed_and_row_alone() -> None:
    generator = np.random.default_rng(1)
    first = sparse.csr_matrix(generator.uniform(1, 5, (4, 50)).astype(np.float32))
    second = first.copy()
    second.data[50:] = generator.uniform(1, 5, 150)
    second = sparse.vstack([second[:1], sparse.csr_matrix((1, 50)), second[2:]], "csr")
    assert (thinned(first, 10, seed=1)[0] != thinned(second, 10, seed=1)[0]).nnz == 0
    kept, other = thinned(first, 10, seed=1), thinned(first, 10, seed=2)
    assert (kept != thinned(first, 10, seed=1)).nnz == 0
    assert (kept != other).nnz > 0
    assert {tuple(row.indices) for row in kept} != {tuple(kept[0].indices)}
