"""Alternating least squares against the normal equations of one row after the other."""

from __future__ import annotations

import numpy as np
import pytest
from music_box.recommendations.recommenders import least_squares
from music_box.recommendations.recommenders.least_squares import (
    LeastSquares,
    Penalty,
    alternate,
    solve_all,
)
from music_box.recommendations.sparse import Floats, Matrix
from numpy.typing import NDArray
from scipy import sparse

from recommendations import planted

PENALTY = Penalty(unobserved_weight=0.1, regularization=0.02, frequency_power=1.0)


def normal_equations(matrix: Matrix, others: Floats, penalty: Penalty) -> NDArray[np.float64]:
    """The minimum of each row's own loss, in double precision."""
    values = others.astype(np.float64)
    common = penalty.unobserved_weight * values.T @ values
    result = np.zeros((matrix.shape[0], others.shape[1]))
    for row in range(matrix.shape[0]):
        start, end = matrix.indptr[row], matrix.indptr[row + 1]
        if start == end:
            continue
        entries = values[matrix.indices[start:end]]
        weights = matrix.data[start:end].astype(np.float64)
        frequency = end - start + penalty.unobserved_weight * matrix.shape[1]
        ridge = penalty.regularization * frequency**penalty.frequency_power
        system = common + entries.T @ np.diag(weights) @ entries + ridge * np.eye(values.shape[1])
        result[row] = np.linalg.solve(system, entries.T @ weights)
    return result


def factors_of(columns: int, factors: int) -> Floats:
    generator = np.random.default_rng(columns)
    return generator.standard_normal((columns, factors)).astype(np.float32) / np.float32(2)


def solve_rows(matrix: Matrix, others: Floats, penalty: Penalty) -> Floats:
    return LeastSquares(others, penalty).solve(matrix)


def both_factors(matrix: Matrix, factors: int, iterations: int) -> tuple[Floats, Floats]:
    """Factors of users and items."""
    items = alternate(matrix, factors, PENALTY, iterations, 1)
    return solve_rows(matrix, items, PENALTY), items


def uneven(rows: int, columns: int) -> Matrix:
    """Rows from none to all of the columns, with weights from nothing to 50."""
    generator = np.random.default_rng(rows)
    is_entry = generator.random((rows, columns)) < np.linspace(0, 1, rows)[:, None]
    weights = generator.exponential(1, (rows, columns)) * generator.choice([0.01, 1, 10], columns)
    matrix = sparse.csr_matrix(is_entry * np.minimum(weights, 50), dtype=np.float32)
    matrix.data[::7] = 0
    return matrix


@pytest.mark.parametrize(
    ("columns", "factors"),
    [(40, 64), (40, 40), (300, 16), (300, 64), (30, 1), (1, 8), (1, 1)],
    ids=str,
)
@pytest.mark.parametrize(
    "penalty",
    [PENALTY, Penalty(1.0, 0.001, 0.0), Penalty(0.01, 0.05, 0.5)],
    ids=["in proportion", "constant", "root"],
)
def test_each_row_solves_its_normal_equations(columns: int, factors: int, penalty: Penalty) -> None:
    matrix, others = uneven(60, columns), factors_of(columns, factors)
    counts = np.diff(matrix.indptr)
    assert counts[0] == 0 and counts[-1] == columns
    expected = normal_equations(matrix, others, penalty)
    ours = solve_rows(matrix, others, penalty)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, rtol=2e-3, atol=2e-3 * np.abs(expected).max())
    assert (ours[counts == 0] == 0).all()


def test_a_row_with_as_many_entries_as_factors_is_solved_as_its_neighbours_are() -> None:
    # one fewer, as many, one more: where the two ways of solving meet
    others = factors_of(20, 8)
    matrix = sparse.csr_matrix(np.tri(20, dtype=np.float32)[[6, 7, 8]])
    expected = normal_equations(matrix, others, PENALTY)
    np.testing.assert_allclose(solve_rows(matrix, others, PENALTY), expected, rtol=1e-3, atol=1e-4)


def test_a_row_does_not_depend_on_the_others() -> None:
    matrix, others = uneven(50, 60), factors_of(60, 24)
    together = solve_rows(matrix, others, PENALTY)
    alone = np.concatenate([solve_rows(matrix[[row]], others, PENALTY) for row in range(0, 50, 7)])
    np.testing.assert_allclose(together[::7], alone, rtol=1e-3, atol=1e-5)


def test_a_system_without_a_factorisation_is_solved_all_the_same() -> None:
    # two equal rows: positive definite on paper with any penalty, singular after rounding
    systems = np.array([[[1, 1], [1, 1]], [[4, 2], [2, 3]]], np.float32)
    right = np.array([[1, 1], [2, 1]], np.float32)
    solved = solve_all(systems, right)
    np.testing.assert_allclose(solved, [[0.5, 0.5], [0.5, 0]], atol=1e-6)


def test_nobody_and_nothing_are_solved() -> None:
    others = factors_of(5, 3)
    assert solve_rows(sparse.csr_matrix((0, 5), dtype=np.float32), others, PENALTY).shape == (0, 3)
    nothing = solve_rows(sparse.csr_matrix((4, 5), dtype=np.float32), others, PENALTY)
    np.testing.assert_array_equal(nothing, np.zeros((4, 3)))


def loss(matrix: Matrix, users: Floats, items: Floats, penalty: Penalty) -> float:
    """What alternating least squares minimises, by its definition."""
    weights, taken = matrix.toarray(), matrix.toarray() > 0
    scores = users.astype(np.float64) @ items.T
    total = (weights * (taken - scores) ** 2).sum()
    total += penalty.unobserved_weight * (scores**2).sum()
    for factors, axis in ((users, 1), (items, 0)):
        others = matrix.shape[axis]
        frequency = taken.sum(axis) + penalty.unobserved_weight * others
        ridge = penalty.regularization * frequency**penalty.frequency_power
        total += (ridge * (factors.astype(np.float64) ** 2).sum(axis=1)).sum()
    return float(total)


def test_every_iteration_lowers_the_loss() -> None:
    matrix = planted.taste(60, 40, seed=4)
    losses = [
        loss(matrix, *both_factors(matrix, 6, iterations), PENALTY)
        for iterations in (1, 2, 3, 5, 8)
    ]
    assert (np.diff(losses) < 0).all(), losses


def test_of_many_users_some_do_for_the_first_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = planted.taste(600, 40, seed=4)
    everybody = loss(matrix, *both_factors(matrix, 6, 8), PENALTY)
    few = loss(matrix, *both_factors(matrix, 6, 2), PENALTY)
    monkeypatch.setattr(least_squares, "_EARLY_USERS", 100)
    some = loss(matrix, *both_factors(matrix, 6, 8), PENALTY)
    assert some < 1.01 * everybody < few


def test_two_planted_groups_are_found_and_equal_seeds_give_equal_factors() -> None:
    matrix = planted.taste(60, 40, seed=4)
    users, items = both_factors(matrix, 4, 8)
    scores = users @ items.T
    own = np.kron(np.eye(2, dtype=bool), np.ones((30, 20), bool))
    assert scores[own].mean() > 5 * np.abs(scores[~own]).mean()
    for ours, again in zip((users, items), both_factors(matrix, 4, 8), strict=True):
        np.testing.assert_array_equal(ours, again)
