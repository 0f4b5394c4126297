"""Recommenders against scikit-learn, textbooks' formulas in plain NumPy, and their own arrays."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from music_box.recommendations.metrics import hits, ndcg
from music_box.recommendations.recommenders import (
    ItemItem,
    ItemItemMean,
    ItemNeighbors,
    LinearAutoencoder,
    NonNegativeFactors,
    Recommender,
    SpectralFilter,
    TruncatedSvd,
    UserNeighbors,
)
from music_box.recommendations.recommenders import neighbors as neighbors_module
from music_box.recommendations.recommenders.neighbors import nearest
from music_box.recommendations.sparse import Floats, Matrix, sums, thinned
from music_box.recommendations.tuning import MEMBERS, REPORT
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import TruncatedSVD, non_negative_factorization
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import ndcg_score
from sklearn.metrics.pairwise import cosine_similarity

from recommendations import planted

KINDS = {name: kind.recommender for name, kind in (REPORT | MEMBERS).items()}
Doubles = NDArray[np.float64]


def dense(matrix: Matrix) -> Doubles:
    return np.asarray(matrix.toarray(), np.float64)


def learnt(recommender: Recommender, matrix: Matrix) -> Recommender:
    recommender.fit(matrix, seed=1)
    return recommender


def agree(ours: Floats, expected: Doubles, tolerance: float = 1e-4) -> None:
    """Equal but for single precision."""
    scale = np.abs(expected[np.isfinite(expected)]).max()
    assert scale > 0, "nothing to compare"
    np.testing.assert_allclose(ours, expected, rtol=tolerance, atol=tolerance * scale)


def without_the_rest(similarity: Doubles, neighbors: int) -> Doubles:
    """The largest of each row alone, and nothing on the diagonal."""
    kept = similarity.copy()
    np.fill_diagonal(kept, 0)
    for row in kept:
        row[np.argsort(-row, kind="stable")[neighbors:]] = 0
    return kept


def values_without_ties(users: int, items: int, share: float, seed: int) -> Matrix:
    matrix = planted.ratings(users, items, share, seed)
    matrix.data *= np.random.default_rng(seed).uniform(0.5, 1.5, matrix.nnz).astype(np.float32)
    return matrix


# --- Neighbours of items ------------------------------------------------------------------------


@pytest.mark.parametrize("neighbors", [1, 5, 100])
def test_the_nearest_are_those_of_the_cosine(neighbors: int) -> None:
    matrix = values_without_ties(50, 40, 0.2, seed=1)
    norms = np.sqrt(sums(matrix.multiply(matrix), 0))
    expected = without_the_rest(cosine_similarity(dense(matrix).T), neighbors)
    agree(nearest(matrix, norms, neighbors, 0.0).toarray(), expected)


@pytest.mark.parametrize("shrinkage", [0.0, 10.0])
def test_the_nearest_are_the_same_in_dense_and_in_sparse_rows(
    monkeypatch: pytest.MonkeyPatch, shrinkage: float
) -> None:
    """Bit for bit, in several blocks, also of items that nobody has."""
    matrix = planted.ratings(60, 90, 0.2, seed=3).tolil()
    matrix[:, [0, 44, 89]] = 0
    matrix = matrix.tocsr()
    norms = np.sqrt(sums(matrix.multiply(matrix), 0))
    monkeypatch.setattr(neighbors_module, "BLOCK_FLOATS", 2_000)
    found = []
    for share in (0.0, 1e9):
        monkeypatch.setattr(neighbors_module, "_DENSE_SHARE", share)
        found.append(nearest(matrix, norms, 7, shrinkage))
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(*(getattr(one, part) for one in found))
    assert found[0].nnz > 500


def test_the_nearest_of_more_items_than_are_compared_at_once_are_those_of_the_cosine() -> None:
    items = 4_500
    matrix = values_without_ties(60, items, 0.02, seed=2)
    norms = np.sqrt(sums(matrix.multiply(matrix), 0))
    found = nearest(matrix, norms, 5, 0.0)
    assert found.shape == (items, items) and (found.diagonal() == 0).all()
    assert np.diff(found.indptr).max() == 5
    some = np.array([0, 1, 3_554, 3_555, 3_556, 4_498, 4_499])
    expected = cosine_similarity(matrix.T[some], matrix.T)
    expected[np.arange(len(some)), some] = 0
    # many items of one user alone are equally near: which of them is told by `keep_largest`
    best = np.sort(found[some].toarray(), axis=1)[:, -5:]
    np.testing.assert_allclose(best, np.sort(expected, axis=1)[:, -5:], rtol=1e-5)
    row, column = found[some].nonzero()
    np.testing.assert_allclose(found[some].toarray()[row, column], expected[row, column], rtol=1e-5)


def test_shrinkage_and_powers_of_the_neighbours_are_those_of_their_formula() -> None:
    matrix = values_without_ties(50, 40, 0.2, seed=3)
    parameters = {"neighbors": 7, "shrinkage": 2.0, "user_power": 0.5, "value_power": 0.5}
    ours = learnt(ItemNeighbors(**parameters), matrix)
    values = (dense(matrix) / matrix.data.mean(dtype=np.float64)) ** 0.5
    users = (values > 0).sum(axis=1) ** -0.25
    columns = values * users[:, None]
    norms = np.sqrt((columns**2).sum(axis=0))
    similarity = without_the_rest(columns.T @ columns / (np.outer(norms, norms) + 2), 7)
    agree(ours.scores(matrix), values @ similarity.T)


@pytest.mark.parametrize("neighbors", [3, 75])
def test_item_item_sums_similarity_by_rating_over_the_users_items(neighbors: int) -> None:
    fitted_on, matrix = (values_without_ties(60, 100, 0.15, seed=seed) for seed in (4, 5))
    expected, mean = np.zeros((2, 60, 100))
    similarity = cosine_similarity(dense(fitted_on).T)
    for candidate in range(100):
        others = [item for item in range(100) if item != candidate]
        near = sorted(others, key=lambda item: -similarity[candidate, item])[:neighbors]
        for user, ratings in enumerate(dense(matrix)):
            own = [item for item in near if ratings[item] > 0]
            total = sum(similarity[candidate, item] * ratings[item] for item in own)
            weight = sum(similarity[candidate, item] for item in own)
            expected[user, candidate] = total
            mean[user, candidate] = total / weight if weight else 0
    ours = learnt(ItemItem(neighbors=neighbors), fitted_on)
    agree(ours.scores(matrix), expected)
    agree(learnt(ItemItemMean(neighbors=neighbors), fitted_on).scores(matrix), mean)
    assert isinstance(ours, ItemItem)
    agree(ours.predicted(matrix), mean)


def test_the_reports_recommender_by_items_looks_at_75_neighbours() -> None:
    assert {ItemItem().parameters["neighbors"], ItemItemMean().parameters["neighbors"]} == {75}
    ours = learnt(ItemItem(), planted.ratings(80, 120, 0.5, seed=1))
    assert isinstance(ours, ItemItem)
    np.testing.assert_array_equal(np.diff(ours.similarity.indptr), 75)


def test_of_equal_sums_the_larger_similarity_comes_first() -> None:
    # 4 x one neighbour, or 2 x another that is twice as near; by rating alone both are the same
    similarity = sparse.csr_matrix(np.array([[0, 0, 0, 0.25], [0, 0, 0.5, 0], [0] * 4, [0] * 4]))
    ours = ItemItem()
    ours.use_similarity(similarity.astype(np.float32))
    scores = ours.scores(sparse.csr_matrix(np.array([[0, 0, 2, 4]], np.float32)))
    assert scores[0, 1] > scores[0, 0] == pytest.approx(1)


# --- Neighbours of users ------------------------------------------------------------------------


@pytest.mark.parametrize("neighbors", [4, 200])
def test_neighbours_of_users_vote_for_what_they_have(neighbors: int) -> None:
    matrix = values_without_ties(60, 30, 0.25, seed=6)
    parameters = {"shrinkage": 0.7, "item_power": 0.5, "value_power": 1.0}
    ours = learnt(UserNeighbors(neighbors=neighbors, **parameters), matrix).scores(matrix)
    values = dense(matrix) / matrix.data.mean(dtype=np.float64)
    rows = values * (values > 0).sum(axis=0) ** -0.25
    norms = np.sqrt((rows**2).sum(axis=1))
    similarity = rows @ rows.T / (np.outer(norms, norms) + 0.7 * np.median(norms) ** 2)
    # the user's own row is one more: it adds to what they have and to nothing else
    similarity[similarity < np.sort(similarity, axis=1)[:, [-min(neighbors + 1, 60)]]] = 0
    expected = similarity @ values
    is_new = dense(matrix) == 0
    agree(np.where(is_new, ours, 0), np.where(is_new, expected, 0))


def test_a_pool_bounds_the_users_who_may_be_neighbours() -> None:
    matrix = values_without_ties(60, 30, 0.25, seed=6)
    ours = learnt(UserNeighbors(neighbors=40, largest_pool=20), matrix)
    assert isinstance(ours, UserNeighbors)
    pool = dense(ours.user_items) > 0
    everybody = (dense(matrix) > 0).tolist()
    assert len(pool) == 20 and all(row in everybody for row in pool.tolist())
    # whoever is not in the pool is scored by those who are
    assert (ours.scores(matrix) > 0).any(axis=1).all()
    assert not (ours.scores(matrix)[:, ~pool.any(axis=0)] > 0).any()
    again = learnt(UserNeighbors(neighbors=40, largest_pool=60), matrix)
    np.testing.assert_array_equal(
        again.scores(matrix), learnt(UserNeighbors(neighbors=40), matrix).scores(matrix)
    )


# --- Linear autoencoder -------------------------------------------------------------------------


def textbook_ease(values: Doubles, regularization: float) -> Doubles:
    """Item weights of EASE (Steck 2019, algorithm 1)."""
    gram = values.T @ values
    penalty = regularization * np.diag(gram).mean()
    inverse = np.linalg.inv(gram + penalty * np.eye(len(gram)))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


@pytest.mark.parametrize("regularization", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("users", [40, 150])
def test_the_autoencoder_is_the_textbooks(users: int, regularization: float) -> None:
    matrix = values_without_ties(users, 80, 0.15, seed=users)
    ours = LinearAutoencoder(regularization=regularization, value_power=1.0)
    ours.fit(matrix, seed=1)
    assert ours.is_by_users == (users == 40)
    values = dense(matrix) / matrix.data.mean(dtype=np.float64)
    # the unit is a mean user's where users are solved for, an item's where items are
    unit = (values**2).sum() / (min(users, 80))
    expected = values @ textbook_ease(values, regularization * unit * 80 / (values**2).sum())
    is_new = dense(matrix) == 0
    agree(np.where(is_new, ours.scores(matrix), 0), np.where(is_new, expected, 0), 2e-3)


def test_powers_of_users_and_popularity_scale_rows_and_columns() -> None:
    matrix = planted.ratings(90, 40, 0.2, seed=8)
    parameters = {"user_power": 0.5, "popularity_power": 0.2}
    ours = learnt(LinearAutoencoder(**parameters), matrix)
    taken = (dense(matrix) > 0).astype(float)
    rows = taken * taken.sum(axis=1, keepdims=True) ** -0.5
    expected = rows @ textbook_ease(rows, 1.0) * taken.sum(axis=0) ** -0.2
    agree(ours.scores(matrix), expected, 1e-3)


def test_both_forms_of_the_autoencoder_are_one() -> None:
    # as many users as items: the units of regularisation are the same
    matrix = values_without_ties(60, 60, 0.2, seed=9)
    by_users = LinearAutoencoder(user_power=0.5, popularity_power=0.1)
    by_items = LinearAutoencoder(user_power=0.5, popularity_power=0.1)
    by_users.fit(matrix, 1)
    # a user who has nothing changes nothing but the form
    by_items.fit(sparse.vstack([matrix, sparse.csr_matrix((1, 60), dtype=np.float32)], "csr"), 1)
    assert by_users.is_by_users and not by_items.is_by_users
    is_new = dense(matrix) == 0
    scores = np.where(is_new, by_items.scores(matrix), 0).astype(np.float64)
    agree(np.where(is_new, by_users.scores(matrix), 0), scores, 2e-3)


def test_with_too_many_of_both_only_the_most_taken_items_take_part() -> None:
    matrix = values_without_ties(60, 50, 0.2, seed=10)
    ours = LinearAutoencoder(largest_system=20)
    ours.fit(matrix, 1)
    counts = (dense(matrix) > 0).sum(axis=0)
    most_taken = sorted(sorted(range(50), key=lambda item: (-counts[item], item))[:20])
    scores = ours.scores(matrix)
    assert not ours.is_by_users
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(scores).any(axis=0)), most_taken)
    assert np.isneginf(np.delete(scores, most_taken, axis=1)).all()
    taken = (dense(matrix) > 0)[:, most_taken].astype(float)
    agree(scores[:, most_taken], taken @ textbook_ease(taken, 1.0), 1e-3)


# --- Factors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("factors", "rank"), [(30, 30), (5, 5)])
def test_the_spectral_filter_damps_singular_vectors(factors: int, rank: int) -> None:
    # nothing but noise lies beyond the factors that are kept
    values = planted.low_rank(40, 30, rank, seed=11) + 0.1
    values[:, 7] = 0
    values[3, :20] = 0
    matrix = sparse.csr_matrix(values, dtype=np.float32)
    parameters = {"user_power": 0.5, "item_power": 0.3, "spectrum_power": 1.5, "value_power": 1.0}
    ours = learnt(SpectralFilter(factors=factors, **parameters), matrix)
    values = dense(matrix) / matrix.data.mean(dtype=np.float64)
    users, items = (values > 0).sum(axis=1), (values > 0).sum(axis=0)
    rows = values * users[:, None] ** -0.5 * np.where(items > 0, np.maximum(items, 1) ** -0.3, 0)
    _, singular, vectors = np.linalg.svd(rows, full_matrices=False)
    damped = (vectors.T[:, :factors] * (singular / singular[0])[:factors] ** 1.5) @ vectors[
        :factors
    ]
    expected = rows @ damped * np.where(items > 0, np.maximum(items, 1) ** 0.3, 0)
    agree(ours.scores(matrix), expected, 2e-3)
    assert (ours.scores(matrix)[:, 7] == 0).all()


def test_truncated_svd_reconstructs_what_scikit_learn_does() -> None:
    values = planted.low_rank(50, 40, 6, seed=12)
    matrix = sparse.csr_matrix(values, dtype=np.float32)
    theirs = TruncatedSVD(6, algorithm="arpack", random_state=1).fit(values)
    expected = theirs.inverse_transform(theirs.transform(values))
    agree(learnt(TruncatedSvd(factors=6), matrix).scores(matrix), expected, 1e-3)
    ours = learnt(TruncatedSvd(factors=64), matrix)
    assert ours.factors == 40
    agree(ours.scores(matrix), values, 1e-3)


def test_non_negative_factors_reconstruct_a_matrix_that_is_made_of_such() -> None:
    values = planted.low_rank(50, 40, 3, seed=13)
    matrix = sparse.csr_matrix(values, dtype=np.float32)
    ours = NonNegativeFactors(factors=3, iterations=200)
    ours.fit(matrix, seed=1)
    assert ours.factors == 3
    assert (ours.item_factors >= 0).all() and (ours.user_factors(matrix) >= 0).all()
    agree(ours.scores(matrix), values, 0.05)


def test_users_factors_are_those_of_coordinate_descent() -> None:
    matrix = planted.ratings(60, 40, 0.3, seed=21)
    ours = NonNegativeFactors(factors=5, iterations=12)
    ours.fit(matrix, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs, _, _ = non_negative_factorization(
            matrix,
            H=np.ascontiguousarray(ours.item_factors.T),
            n_components=5,
            init="custom",
            update_H=False,
            tol=0,
            max_iter=12,
        )
    agree(ours.user_factors(matrix), theirs, 1e-4)


# --- What all have in common --------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
def test_arrays_are_all_that_was_learnt(name: str) -> None:
    matrix, others = planted.taste(60, 40, seed=14), planted.taste(60, 40, seed=15)[::9]
    ours = learnt(KINDS[name](), matrix)
    again = KINDS[name].from_arrays(ours.parameters, ours.arrays())
    assert again.factors == ours.factors
    np.testing.assert_array_equal(again.scores(others), ours.scores(others))
    np.testing.assert_array_equal(again.scores(matrix), ours.scores(matrix))


@pytest.mark.parametrize("users", [30, 90])
def test_arrays_of_either_form_of_the_autoencoder_are_all_that_was_learnt(users: int) -> None:
    matrix = planted.taste(users, 40, seed=16)
    ours = learnt(LinearAutoencoder(user_power=0.5, popularity_power=0.1), matrix)
    again = LinearAutoencoder.from_arrays(ours.parameters, ours.arrays())
    np.testing.assert_array_equal(again.scores(matrix), ours.scores(matrix))


@pytest.mark.parametrize("value_power", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", MEMBERS)
def test_scores_do_not_depend_on_who_else_is_scored(name: str, value_power: float) -> None:
    matrix = planted.ratings(50, 40, 0.2, seed=17)
    ours = learnt(KINDS[name](value_power=value_power), matrix)
    alone = np.concatenate([ours.scores(matrix[[row]]) for row in range(50)])
    agree(ours.scores(matrix), alone.astype(np.float64))


@pytest.mark.parametrize("name", KINDS)
def test_what_nobody_took_is_not_thought_better_than_what_the_own_group_took(name: str) -> None:
    taken = planted.taste(60, 40, seed=18).toarray()
    taken[:, 0] = 0
    matrix = sparse.csr_matrix(taken)
    # with more factors a truncated decomposition is the matrix itself
    parameters = {"factors": 4} if name == "truncated_svd" else {}
    scores = learnt(KINDS[name](**parameters), matrix).scores(matrix)
    assert scores.shape == matrix.shape and scores.dtype == np.float32
    assert not np.isnan(scores).any()
    own = np.kron(np.eye(2, dtype=bool), np.ones((30, 20), bool))
    own[:, 0] = False
    is_new = dense(matrix) == 0
    wanted = np.where(own & is_new, scores, np.nan)
    assert np.nanmean(wanted) > 1.5 * scores[~own & is_new].mean()
    assert scores[:, 0].max() < np.nanmean(wanted)


@pytest.mark.parametrize("name", KINDS)
def test_users_who_have_nothing_get_scores(name: str) -> None:
    taken = planted.taste(60, 40, seed=19).toarray()
    taken[5] = 0
    matrix = sparse.csr_matrix(taken)
    ours = learnt(KINDS[name](), matrix)
    nothing = sparse.csr_matrix((2, 40), dtype=np.float32)
    assert not np.isnan(ours.scores(nothing)).any()
    assert not np.isnan(ours.scores(matrix)[5]).any()


# --- Metrics ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 3, 10, 25])
def test_ndcg_is_that_of_scikit_learn(cut: int) -> None:
    generator = np.random.default_rng(cut)
    relevant = sparse.csr_matrix(generator.random((40, 25)) < np.linspace(0.02, 1, 40)[:, None])
    scores = generator.permuted(np.tile(np.arange(25.0), (40, 1)), axis=1)
    ours = ndcg(hits(np.argsort(-scores)[:, :cut], relevant), relevant.getnnz(1))
    has_some = relevant.getnnz(1) > 0
    expected = [
        ndcg_score(truth[None], score[None], k=cut)
        for truth, score in zip(relevant.toarray()[has_some], scores[has_some], strict=True)
    ]
    np.testing.assert_allclose(ours[has_some], expected)
    assert np.isnan(ours[~has_some]).all()


def test_a_place_without_an_item_is_no_hit() -> None:
    relevant: Any = sparse.csr_matrix(np.array([[1, 0, 1], [1, 1, 1]], np.float32))
    found = hits(np.array([[2, -1, 1], [-1, -1, -1]]), relevant)
    np.testing.assert_array_equal(found, [[True, False, False], [False, False, False]])


# --- A user of very many items ------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
def test_a_fit_sees_so_many_items_of_a_user_and_no_more(name: str) -> None:
    matrix = values_without_ties(60, 40, 0.2, seed=3)
    heavy = sparse.csr_matrix(np.linspace(1, 5, 40, dtype=np.float32)[None, :])
    matrix = sparse.vstack([matrix[:30], heavy, matrix[30:]], "csr")
    limited = KINDS[name]()
    limited.largest_row = 12
    limited.fit(matrix, seed=1)
    part = learnt(KINDS[name](), thinned(matrix, 12, seed=1))
    np.testing.assert_array_equal(limited.scores(matrix), part.scores(matrix))
    assert thinned(matrix, 12, seed=1).getnnz(1)[30] == 12


def test_the_pairs_of_one_user_are_bounded() -> None:
    everything = sparse.csr_matrix(np.ones((1, 400), np.float32))
    recommender = ItemNeighbors(neighbors=400)
    recommender.largest_row = 9
    recommender.fit(everything, seed=1)
    assert recommender.similarity.nnz == 9 * 8
