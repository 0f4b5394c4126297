"""The recommender that tunes and blends itself, as its users meet it."""

from __future__ import annotations

import doctest
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from music_box.recommendations import estimator
from music_box.recommendations.estimator import BlendedRecommender, checked, hold_out
from music_box.recommendations.metrics import hits, ndcg
from music_box.recommendations.sparse import Matrix, largest
from music_box.recommendations.tuning import MEMBERS, leave_out
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from recommendations import planted

USERS, ITEMS = 104, 41
GROUP, OWN_ITEMS = 50, 20
# rows after the two groups, and the item that nobody took
NOTHING, EVERYTHING, TWINS = 100, 101, [102, 103]
NOBODYS = 40


def special_matrix() -> NDArray[np.float32]:
    """Two groups of users with a taste each, and users at the border of what there is."""
    taken = np.zeros((USERS, ITEMS), np.float32)
    taken[: 2 * GROUP, : 2 * OWN_ITEMS] = planted.taste(2 * GROUP, 2 * OWN_ITEMS, seed=1).toarray()
    taken[EVERYTHING, :NOBODYS] = 3
    taken[TWINS] = taken[60]
    return taken


def quick() -> BlendedRecommender:
    return BlendedRecommender(seed=1, tries=2)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    # threads of linear algebra cost more than they give where matrices are this small
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def fitted() -> BlendedRecommender:
    return quick().fit(sparse.csr_matrix(special_matrix()))


# --- What is given to it ------------------------------------------------------------------------


def stored_zeros(taken: NDArray[np.float32]) -> Any:
    row, column = np.indices(taken.shape)
    return sparse.coo_matrix((taken.ravel(), (row.ravel(), column.ravel())), shape=taken.shape)


def with_duplicates(taken: NDArray[np.float32]) -> Any:
    part = sparse.coo_matrix(np.minimum(taken, 1))
    rest = sparse.coo_matrix(taken - part.toarray())
    entries = [np.concatenate([getattr(one, name) for one in (part, rest)]) for name in DATA]
    return sparse.coo_matrix((entries[0], (entries[1], entries[2])), shape=taken.shape)


DATA = ("data", "row", "col")
FORMS: dict[str, Callable[[NDArray[np.float32]], Any]] = {
    "dense": lambda taken: taken,
    "lists": lambda taken: taken.tolist(),
    "whole numbers": lambda taken: taken.astype(np.int64),
    "double": lambda taken: sparse.csr_matrix(taken, dtype=np.float64),
    "by column": sparse.csc_matrix,
    "array": sparse.csr_array,
    "coordinates of whole numbers": lambda taken: sparse.coo_matrix(taken, dtype=np.int32),
    "stored zeros": stored_zeros,
    "duplicates": with_duplicates,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_matrix_is_the_same_matrix(form: str) -> None:
    taken = special_matrix()
    ours = checked(FORMS[form](taken))
    assert ours.dtype == np.float32 and ours.has_canonical_format
    assert ours.nnz == (taken > 0).sum()
    np.testing.assert_array_equal(ours.toarray(), taken)


def test_what_is_given_is_not_changed() -> None:
    given_matrix = stored_zeros(special_matrix()).tocsr()
    before = given_matrix.copy()
    checked(given_matrix).data[:] = 7
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(given_matrix, name), getattr(before, name))


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("form", ["dense", "double", "stored zeros"])
def test_values_must_be_finite_and_not_negative(value: float, form: str) -> None:
    taken = special_matrix()
    taken[3, 5] = value
    with pytest.raises(ValueError, match="must be finite and not negative"):
        quick().fit(FORMS[form](taken))


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
def test_a_matrix_of_nobody_or_nothing_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no users or no items"):
        quick().fit(sparse.csr_matrix(shape))


# --- What it lists ------------------------------------------------------------------------------


def test_lists_hold_the_best_first_and_nothing_that_was_taken(fitted: BlendedRecommender) -> None:
    items, scores = fitted.recommend(np.arange(USERS), k=15)
    taken = special_matrix()
    for user in range(USERS):
        listed = items[user][items[user] >= 0]
        assert len(set(listed)) == len(listed)
        assert (taken[user, listed] == 0).all()
        assert (np.diff(scores[user][: len(listed)]) <= 0).all()


def test_what_was_taken_may_be_listed_too(fitted: BlendedRecommender) -> None:
    items, scores = fitted.recommend(np.arange(USERS), k=ITEMS, exclude_seen=False)
    np.testing.assert_array_equal(np.sort(items, axis=1), np.tile(np.arange(ITEMS), (USERS, 1)))
    assert np.isfinite(scores).all()


def test_places_without_an_item_are_told(fitted: BlendedRecommender) -> None:
    items, scores = fitted.recommend([0, 77], k=ITEMS + 9)
    for user, row in enumerate([0, 77]):
        free = int((special_matrix()[row] == 0).sum())
        assert set(items[user, :free]) == set(np.flatnonzero(special_matrix()[row] == 0))
        assert (items[user, free:] == -1).all() and np.isneginf(scores[user, free:]).all()
        assert np.isfinite(scores[user, :free]).all()


def test_everybody_gets_what_his_group_likes(fitted: BlendedRecommender) -> None:
    items, _ = fitted.recommend(np.arange(2 * GROUP), k=5)
    assert (items[:GROUP] < OWN_ITEMS).mean() > 0.98
    assert (items[GROUP:] >= OWN_ITEMS).mean() > 0.98


def test_who_has_nothing_gets_what_most_users_took(fitted: BlendedRecommender) -> None:
    counts = (special_matrix() > 0).sum(axis=0)
    popular = sorted(range(ITEMS), key=lambda item: (-counts[item], item))
    nothing = sparse.csr_matrix((2, ITEMS))
    for rows in ([NOTHING], nothing):
        for exclude_seen in (True, False):
            items, _ = fitted.recommend(rows, k=12, exclude_seen=exclude_seen)
            np.testing.assert_array_equal(items, np.tile(popular[:12], (len(items), 1)))


def test_who_has_everything_gets_what_is_left(fitted: BlendedRecommender) -> None:
    items, _ = fitted.recommend([EVERYTHING], k=3)
    np.testing.assert_array_equal(items, [[NOBODYS, -1, -1]])
    items, scores = fitted.recommend(sparse.csr_matrix(np.ones((1, ITEMS))), k=3)
    np.testing.assert_array_equal(items, [[-1, -1, -1]])
    assert np.isneginf(scores).all()


def test_what_nobody_took_comes_after_what_the_own_group_likes(fitted: BlendedRecommender) -> None:
    items, _ = fitted.recommend(np.arange(2 * GROUP), k=5)
    assert (items != NOBODYS).all()


def test_equal_users_get_equal_lists(fitted: BlendedRecommender) -> None:
    items, scores = fitted.recommend([60, *TWINS], k=20)
    for twin in (1, 2):
        np.testing.assert_array_equal(items[twin], items[0])
        np.testing.assert_allclose(scores[twin], scores[0], rtol=1e-4, atol=1e-4)


def test_row_numbers_and_rows_of_items_agree(fitted: BlendedRecommender) -> None:
    rows = [70, 3, NOTHING, 3]
    matrix = sparse.csr_matrix(special_matrix())[rows]
    by_number = fitted.recommend(rows, k=10)
    for form in (matrix, matrix.tocoo(), matrix.astype(np.int64), sparse.csc_array(matrix)):
        for ours, expected in zip(fitted.recommend(form, k=10), by_number, strict=True):
            np.testing.assert_array_equal(ours, expected)


def test_one_row_number_is_one_list(fitted: BlendedRecommender) -> None:
    items, scores = fitted.recommend(7, k=4)
    assert items.shape == scores.shape == (1, 4)
    assert fitted.recommend([], k=4)[0].shape == (0, 4)


def test_a_user_who_was_not_fitted_gets_what_his_group_likes(fitted: BlendedRecommender) -> None:
    new = np.zeros((2, ITEMS))
    new[0, [2, 5, 11]] = 4
    new[1, [22, 25, 31]] = 4
    items, _ = fitted.recommend(sparse.csr_matrix(new), k=5)
    assert (items[0] < OWN_ITEMS).all() and (items[1] >= OWN_ITEMS).all()


@pytest.mark.parametrize("rows", [[USERS], [-1], [0, 500], [0.0, 1.0], ["1"], [True], [None]])
def test_rows_that_were_not_fitted_are_refused(fitted: BlendedRecommender, rows: list[Any]) -> None:
    with pytest.raises(ValueError, match=f"row numbers from 0 to {USERS - 1}"):
        fitted.recommend(rows, k=3)


@pytest.mark.parametrize("k", [0, -3])
def test_a_list_of_nothing_is_refused(fitted: BlendedRecommender, k: int) -> None:
    with pytest.raises(ValueError, match=f"k is {k}: ask for one item or more"):
        fitted.recommend([0], k=k)


def test_rows_of_other_items_are_refused(fitted: BlendedRecommender) -> None:
    with pytest.raises(ValueError, match=f"40 items were given, {ITEMS} were fitted"):
        fitted.recommend(sparse.csr_matrix((1, 40)), k=3)
    with pytest.raises(ValueError, match="finite and not negative"):
        fitted.recommend(sparse.csr_matrix(-np.ones((1, ITEMS))), k=3)


# --- What it learns -----------------------------------------------------------------------------


def test_equal_data_and_seed_give_equal_lists(fitted: BlendedRecommender) -> None:
    again = quick().fit(sparse.coo_matrix(special_matrix(), dtype=np.int64))
    assert again.choice.tuned == fitted.choice.tuned
    np.testing.assert_array_equal(again.choice.by_cluster, fitted.choice.by_cluster)
    rows = np.arange(USERS)
    for ours, expected in zip(again.recommend(rows, 20), fitted.recommend(rows, 20), strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_members_are_fitted_on_everything(fitted: BlendedRecommender) -> None:
    np.testing.assert_array_equal(fitted.user_items.toarray(), special_matrix())
    assert list(fitted.members) == list(MEMBERS)
    rows = sparse.csr_matrix(special_matrix())[:20]
    for name, member in fitted.members.items():
        expected = MEMBERS[name].recommender(**fitted.choice.tuned[name].parameters)
        expected.fit(sparse.csr_matrix(special_matrix()), 1)
        np.testing.assert_array_equal(member.scores(rows), expected.scores(rows))


def test_weights_are_shares(fitted: BlendedRecommender) -> None:
    choice = fitted.choice
    for weights in (choice.everybody, *choice.by_cluster):
        assert (weights >= 0).all() and weights.sum() == pytest.approx(1)
    assert all(0 < tuned.validation_ndcg <= 1 for tuned in choice.tuned.values())
    assert {tuned.tries for tuned in choice.tuned.values()} == {2}


def test_planted_taste_is_found_better_than_by_popularity() -> None:
    taken = planted.taste(120, 60, seed=2, groups=3)
    known, hidden = hold_out(taken, 0.3, seed=7)
    relevant = hidden.getnnz(1)
    items, _ = quick().fit(known).recommend(np.arange(120), k=10)
    popular = np.tile(known.getnnz(0).astype(np.float32), (120, 1))
    leave_out(popular, known)
    ours, theirs = (
        np.nanmean(ndcg(hits(listed, hidden), relevant)) for listed in (items, largest(popular, 10))
    )
    assert ours > 1.5 * theirs


@pytest.mark.parametrize(
    "taken",
    [
        np.ones((1, 1)),
        np.array([[0.0, 2, 0, 1, 0]]),
        np.array([[1.0, 0, 2, 0], [0, 0, 0, 0], [1, 1, 1, 1]]),
        np.zeros((3, 4)),
    ],
    ids=["one of each", "one user", "three users", "nothing taken"],
)
def test_a_tiny_matrix_gets_lists(taken: NDArray[np.float64]) -> None:
    users, items = taken.shape
    recommender = quick().fit(taken)
    listed, scores = recommender.recommend(np.arange(users), k=6)
    assert not np.isnan(scores).any()
    for user in range(users):
        is_free = taken[user] == 0
        assert sorted(listed[user][listed[user] >= 0]) == np.flatnonzero(is_free).tolist()
    every, _ = recommender.recommend(np.arange(users), k=items, exclude_seen=False)
    np.testing.assert_array_equal(np.sort(every, axis=1), np.tile(np.arange(items), (users, 1)))


# --- Holding out --------------------------------------------------------------------------------


@given(
    st.integers(1, 12), st.integers(1, 30), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**31)
)
@settings(max_examples=60, deadline=None)
def test_a_share_of_what_each_user_has_is_held_out(
    users: int, items: int, density: float, share: float, seed: int
) -> None:
    matrix = planted.ratings(users, items, density, seed)
    known, hidden = hold_out(matrix, share, seed)
    np.testing.assert_array_equal((known + hidden).toarray(), matrix.toarray())
    assert known.nnz + hidden.nnz == matrix.nnz
    counts = matrix.getnnz(1)
    expected = np.minimum(np.round(counts * share), np.maximum(counts - 1, 0))
    np.testing.assert_array_equal(hidden.getnnz(1), expected)


def test_what_is_held_out_is_drawn_from_all_places() -> None:
    matrix: Matrix = sparse.csr_matrix(np.ones((400, 10), np.float32))
    _, hidden = hold_out(matrix, 0.2, seed=1)
    assert np.abs(hidden.getnnz(0) - 80).max() < 40
    _, again = hold_out(matrix, 0.2, seed=1)
    assert (hidden != again).nnz == 0
    _, other = hold_out(matrix, 0.2, seed=2)
    assert (hidden != other).nnz > 0


# --- Its documentation --------------------------------------------------------------------------


def test_the_example_runs() -> None:
    result = doctest.testmod(estimator)
    assert result.attempted > 0 and result.failed == 0
