"""Tuning, standardising, learning weights and clusters, on data whose answer was planted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from music_box.recommendations import blend
from music_box.recommendations.blend import (
    Learnt,
    Validation,
    blended,
    learn,
    learn_weights,
    standardise,
    validation_of,
)
from music_box.recommendations.clusters import UserClusters
from music_box.recommendations.estimator import Choice
from music_box.recommendations.recommenders import (
    Arrays,
    ItemNeighbors,
    Recommender,
    SpectralFilter,
    TruncatedSvd,
)
from music_box.recommendations.sparse import Floats, Matrix
from music_box.recommendations.tuning import (
    MEMBERS,
    REPORT,
    Kind,
    Tuned,
    batches,
    leave_out,
    tune,
    validation_ndcg,
)
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import ndcg_score

from recommendations import planted

USERS, ITEMS = 80, 60


class Oracle(Recommender):
    """Knows what is hidden, blurred by noise the further its parameters are from the best ones."""

    defaults: ClassVar = {"width": 1, "height": 1, "fixed": "kept"}
    hidden: ClassVar[Matrix]
    fits: ClassVar[list[dict[str, Any]]] = []
    best: ClassVar[dict[str, int]]

    def _learn(self, user_items: Matrix, seed: int) -> None:
        assert seed == 5 and user_items.shape == self.hidden.shape
        self.fits.append(self.parameters)

    def scores(self, user_items: Matrix) -> Floats:
        away = sum(abs(self.parameters[name] - value) for name, value in self.best.items())
        noise = np.random.default_rng(1).random(user_items.shape)
        result: Floats = (self.hidden.toarray() + 9 * away * noise).astype(np.float32)
        return result

    def _arrays(self) -> Arrays:
        return {}

    def _restore(self, arrays: Arrays) -> None:
        pass


GRID: dict[str, Sequence[float]] = {"width": (0, 1, 2, 3, 4), "height": (1, 2, 3, 4, 5, 6)}


def known_and_hidden(users: int = USERS, items: int = ITEMS) -> tuple[Matrix, Matrix]:
    """A matrix and the entries that were taken out of it."""
    every = planted.taste(users, items, seed=1)
    is_hidden = np.random.default_rng(1).random(every.nnz) < 0.3
    parts = []
    for is_in in (~is_hidden, is_hidden):
        part = every.copy()
        part.data = np.where(is_in, part.data, 0)
        part.eliminate_zeros()
        parts.append(part)
    return parts[0], parts[1]


def tuned_oracle(tries: int, best: dict[str, int]) -> Tuned:
    known, hidden = known_and_hidden()
    Oracle.hidden, Oracle.best = hidden, best
    Oracle.fits.clear()
    every = np.flatnonzero(hidden.getnnz(1))
    Oracle.hidden = hidden[every]
    return tune("oracle", Kind(Oracle, GRID), known[every], hidden[every], known[every], tries, 5)


# --- Tuning -------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [0, 3])
def test_tuning_walks_to_the_best_parameters(width: int) -> None:
    tuned = tuned_oracle(50, {"width": width, "height": 5})
    assert tuned.parameters == {"width": width, "height": 5, "fixed": "kept"}
    assert tuned.validation_ndcg == pytest.approx(1)
    assert tuned.tries == len(Oracle.fits) < 20
    assert len({str(sorted(fit.items())) for fit in Oracle.fits}) == len(Oracle.fits)


@pytest.mark.parametrize("tries", [1, 2, 4])
def test_tuning_fits_no_more_often_than_it_may(tries: int) -> None:
    tuned = tuned_oracle(tries, {"width": 4, "height": 6})
    assert tuned.tries == len(Oracle.fits) == tries
    assert Oracle.fits[0] == Oracle.defaults
    if tries == 1:
        assert tuned.parameters == Oracle.defaults


def test_where_nothing_is_better_the_defaults_stay() -> None:
    known, hidden = known_and_hidden()
    nothing = sparse.csr_matrix(hidden.shape, dtype=np.float32)
    for kind in (MEMBERS["shrunk_cosine"], REPORT["truncated_svd"]):
        tuned = tune("kind", kind, known, nothing, known, 3, 1)
        assert tuned.parameters == kind.recommender.defaults
        assert tuned.validation_ndcg == 0


@pytest.mark.parametrize("name", REPORT | MEMBERS)
def test_every_default_stands_in_its_grid(name: str) -> None:
    kind = (REPORT | MEMBERS)[name]
    for parameter, values in kind.grid.items():
        assert kind.recommender.defaults[parameter] in values
        assert list(values) == sorted(values)


def test_validation_ndcg_is_that_of_scikit_learn_without_what_is_excluded() -> None:
    known, hidden = known_and_hidden()
    recommender = TruncatedSvd(factors=3)
    recommender.fit(known, 1)
    judged = np.flatnonzero(hidden.getnnz(1))[::2]
    ours = validation_ndcg(recommender, known, hidden, known, judged)
    scores = np.where(known.toarray() > 0, -1e9, recommender.scores(known))
    truth = hidden.toarray() > 0
    assert ours == pytest.approx(ndcg_score(truth[judged], scores[judged], k=10))
    assert validation_ndcg(recommender, known, hidden, known, judged[:0]) == 0


def test_batches_are_the_users_in_their_order() -> None:
    users = np.array([4, 8, 1, 0, 7])
    parts = batches(users, items=2_000_000)
    assert [len(part) for part in parts] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(parts), users)
    assert [len(part) for part in batches(users, items=10**9)] == [1] * 5
    assert batches(users[:0], items=10) == []


# --- Standardising ------------------------------------------------------------------------------


def test_scores_are_standardised_over_the_best_that_may_be_listed() -> None:
    known, _ = known_and_hidden()
    scores = np.random.default_rng(2).gamma(2, 3, (USERS, ITEMS)).astype(np.float32)
    before = scores.copy()
    best = standardise(scores, known, places=10)
    for user in range(USERS):
        is_free = known[[user]].toarray()[0] == 0
        free = np.flatnonzero(is_free)
        expected = free[np.argsort(-before[user, free])][:10]
        np.testing.assert_array_equal(best[user], expected)
        values = before[user, expected].astype(float)
        standard = np.maximum((before[user] - values.mean()) / values.std(), -5)
        np.testing.assert_allclose(scores[user, free], standard[free], rtol=1e-3, atol=1e-4)
        assert np.isneginf(scores[user, ~is_free]).all()


def test_users_with_equal_scores_or_nothing_to_list_are_standardised_too() -> None:
    scores = np.array([[3, 3, 3], [1, 2, 3], [-np.inf, 5, -np.inf]], np.float32)
    excluded = sparse.csr_matrix(np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]], np.float32))
    best = standardise(scores, excluded)
    np.testing.assert_array_equal(best, [[0, 1, 2], [-1, -1, -1], [1, -1, -1]])
    # what one recommender does not score at all is far down, not out of the question
    np.testing.assert_array_equal(scores, [[0, 0, 0], [-np.inf] * 3, [-5, 0, -5]])


def test_only_excluded_items_are_left_out() -> None:
    scores = np.ones((2, 3), np.float32)
    leave_out(scores, sparse.csr_matrix(np.array([[0, 2, 0], [0, 0, 0]], np.float32)))
    np.testing.assert_array_equal(scores, [[1, -np.inf, 1], [1, 1, 1]])


# --- Blending -----------------------------------------------------------------------------------


def two_members(known: Matrix) -> dict[str, Recommender]:
    members: dict[str, Recommender] = {"near": ItemNeighbors(), "factors": TruncatedSvd(factors=4)}
    for member in members.values():
        member.fit(known, 1)
    return members


def test_a_blend_is_the_weighted_sum_of_standardised_scores() -> None:
    known, _ = known_and_hidden()
    members = two_members(known)
    weights = np.random.default_rng(3).dirichlet([1, 1], USERS)
    total, lists = blended(members, known, known, weights, places=7)
    expected = np.zeros(known.shape)
    for place, (name, member) in enumerate(members.items()):
        scores = member.scores(known)
        best = standardise(scores, known)
        expected += weights[:, [place]] * np.where(np.isinf(scores), 0, scores)
        np.testing.assert_array_equal(lists[name][0], best[:, :7])
        places = np.maximum(best[:, :7], 0)
        np.testing.assert_array_equal(lists[name][1], np.take_along_axis(scores, places, 1))
    expected[known.toarray() > 0] = -np.inf
    np.testing.assert_allclose(total, expected, rtol=1e-4, atol=1e-5)


def test_a_member_alone_is_judged_as_it_was_when_it_was_tuned() -> None:
    known, hidden = known_and_hidden()
    members = two_members(known)
    judged = np.flatnonzero(hidden.getnnz(1))
    validation = validation_of(members, known, hidden, known, judged)
    np.testing.assert_array_equal(validation.relevant, hidden.getnnz(1)[judged])
    for place, member in enumerate(members.values()):
        alone = validation.ndcg(np.eye(2)[place])
        expected = validation_ndcg(member, known, hidden, known, judged)
        assert alone.mean() == pytest.approx(expected, abs=1e-6)


def test_a_blend_is_judged_by_the_list_that_it_gives() -> None:
    known, hidden = known_and_hidden()
    members = two_members(known)
    judged = np.flatnonzero(hidden.getnnz(1))
    validation = validation_of(members, known, hidden, known, judged)
    weights = np.array([0.4, 0.6])
    total, _ = blended(members, known, known, np.tile(weights, (USERS, 1)))
    total = np.maximum(total, -1e9)
    expected = ndcg_score(hidden.toarray()[judged] > 0, total[judged], k=10)
    assert validation.ndcg(weights).mean() == pytest.approx(expected, abs=1e-6)


# --- Learning weights ---------------------------------------------------------------------------


def noisy_members(
    noise: tuple[float, ...], users: int = 120, candidates: int = 40, seed: int = 4
) -> Validation:
    """Members who see what is relevant through so much noise."""
    generator = np.random.default_rng(seed)
    is_relevant = generator.random((users, candidates)) < 0.15
    is_relevant[:, 0] |= ~is_relevant.any(axis=1)
    members = [
        is_relevant + width * generator.standard_normal(is_relevant.shape) for width in noise
    ]
    scores = np.stack(members, axis=2).astype(np.float32)
    return Validation(scores, is_relevant, is_relevant.sum(axis=1))


def nobody(members: int) -> Validation:
    return noisy_members((1.0,) * members).part(np.zeros(120, bool))


@pytest.mark.parametrize("good", [0, 1, 2])
def test_a_planted_good_member_gets_the_weight(good: int) -> None:
    noise = [8.0, 8.0, 8.0]
    noise[good] = 0.4
    validation = noisy_members(tuple(noise))
    weights = learn_weights(validation)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    assert weights.argmax() == good and weights[good] > 0.8


def test_members_who_know_different_things_are_better_together() -> None:
    validation = noisy_members((0.7, 0.7, 0.7, 8.0))
    weights = learn_weights(validation)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    assert (weights[:3] > 0.1).all() and weights[3] < 0.1
    alone = max(validation.ndcg(one).mean() for one in np.eye(4))
    assert validation.ndcg(weights).mean() > alone + 0.05


@pytest.mark.parametrize("seed", range(5))
def test_weights_are_never_negative_and_add_up_to_one(seed: int) -> None:
    # a member who is wrong on purpose would help most with a negative weight
    validation = noisy_members((1.5, 1.5, 3.0), users=25, seed=seed)
    validation.scores[:, :, 1] *= -1
    weights = learn_weights(validation)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    assert weights[1] < 0.1


def test_without_validation_users_all_weights_are_equal() -> None:
    np.testing.assert_allclose(learn_weights(nobody(4)), [0.25] * 4)
    start = np.array([0.5, 0.5, 0.0, 0.0])
    np.testing.assert_array_equal(learn_weights(nobody(4), start), start)
    learnt = learn(nobody(3), np.zeros(0, int), 2, seed=1)
    np.testing.assert_allclose(learnt.weights, [1 / 3] * 3)
    np.testing.assert_allclose(learnt.cluster_weights, np.full((2, 3), 1 / 3))
    assert learnt.ndcg.shape == (0,) and learnt.member_ndcg.shape == (0, 3)


def test_nobody_is_judged_by_weights_that_were_learnt_on_him(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    users = 31
    is_relevant = np.tile(np.arange(20) == 3, (users, 1))
    # everybody is told apart by a number of relevant items
    relevant = 1 + np.arange(users)
    knows = is_relevant.astype(np.float32)
    validation = Validation(np.stack([knows, -knows], axis=2), is_relevant, relevant)
    parts: list[set[int]] = []

    def learn_from(part: Validation, start: NDArray[np.float64] | None = None) -> Any:
        assert start is None, "there are no clusters"
        parts.append(set(part.relevant.tolist()))
        return np.eye(2)[0 if 1 in parts[-1] else 1]

    monkeypatch.setattr(blend, "learn_weights", learn_from)
    learnt = learn(validation, np.full(users, -1), 1, seed=3)
    first, second = parts
    assert not first & second and first | second == set(relevant.tolist())
    assert {len(first), len(second)} == {15, 16}
    # right are those who were judged by the weights of user 1's half: the other half
    is_right = learnt.ndcg > 0
    assert set(relevant[is_right].tolist()) == (second if 1 in first else first)
    np.testing.assert_allclose(learnt.weights, [0.5, 0.5])
    np.testing.assert_allclose(learnt.cluster_weights, [[0.5, 0.5]])


def test_clusters_whose_best_members_differ_get_weights_of_their_own() -> None:
    users = 1_600
    validation = noisy_members((0.3, 0.3), users=users, candidates=15)
    clusters = np.arange(users) % 2
    noise = np.random.default_rng(9).standard_normal(validation.is_relevant.shape) * 3
    for cluster in (0, 1):
        is_in = clusters == cluster
        # the member of the other cluster says nothing here
        validation.scores[is_in, :, 1 - cluster] = noise[is_in]
    learnt = learn(validation, clusters, 2, seed=1)
    assert learnt.cluster_weights.sum(axis=1) == pytest.approx(1)
    assert learnt.cluster_weights[0, 0] > learnt.weights[0] + 0.1
    assert learnt.cluster_weights[1, 1] > learnt.weights[1] + 0.1
    assert learnt.ndcg.mean() > validation.ndcg(learnt.weights).mean()


def test_few_users_do_not_make_a_cluster() -> None:
    validation = noisy_members((0.5, 2.0), users=40)
    learnt = learn(validation, np.arange(40) % 2, 2, seed=1)
    np.testing.assert_allclose(learnt.cluster_weights, [learnt.weights] * 2, atol=0.1)


# --- Clusters -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clusters() -> UserClusters:
    found = UserClusters(2)
    found.fit(planted.taste(160, 60, seed=5), seed=1)
    return found


def test_two_planted_groups_are_two_clusters(clusters: UserClusters) -> None:
    # users of the same groups, but not those the clusters were made from
    own = clusters.assign(planted.taste(160, 60, seed=6))
    assert set(own[:80]) != set(own[80:])
    assert len(set(own[:80])) == len(set(own[80:])) == 1


def test_clusters_are_the_nearest_centres() -> None:
    # without groups to be found centres lie at different distances from the origin
    matrix = planted.ratings(400, 60, 0.1, seed=7)
    clusters = UserClusters(6)
    clusters.fit(matrix, seed=1)
    taste = SpectralFilter(factors=16)
    taste.restore(clusters.arrays())
    factors = taste.user_factors(matrix)
    directions = factors / np.maximum(np.linalg.norm(factors, axis=1, keepdims=True), 1e-12)
    distances = np.linalg.norm(directions[:, None] - clusters.centers, axis=2)
    np.testing.assert_array_equal(clusters.assign(matrix), distances.argmin(axis=1))


def test_stored_clusters_are_the_clusters(clusters: UserClusters) -> None:
    matrix = sparse.vstack(
        [planted.taste(40, 60, seed=8), sparse.csr_matrix((1, 60), dtype=np.float32)], "csr"
    )
    again = UserClusters.from_arrays(clusters.arrays())
    np.testing.assert_array_equal(again.assign(matrix), clusters.assign(matrix))
    assert again.count == 2


def test_few_users_are_one_cluster() -> None:
    few = UserClusters(8)
    few.fit(planted.taste(60, 20, seed=9), seed=1)
    assert len(few.centers) == 1
    assert (few.assign(planted.taste(60, 20, seed=9)) == 0).all()


# --- Deciding -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("lead", "is_blend"), [(-0.1, True), (0.001, True), (0.1, False)])
def test_a_member_alone_is_used_only_if_it_is_clearly_better(lead: float, is_blend: bool) -> None:
    noise = np.random.default_rng(3).normal(0, 0.05, (400, 2))
    blend = 0.3 + noise[:, 0]
    alone = np.stack([blend - 0.2, blend + lead + noise[:, 1] - noise[:, 1].mean()], axis=1)
    weights = np.array([0.5, 0.5])
    learnt = Learnt(weights, np.array([[0.6, 0.4], [0.4, 0.6]]), blend, alone)
    clusters = UserClusters(2)
    clusters.centers = np.zeros((2, 3))
    tuned = {"first": Tuned({}, 0.1, 1), "second": Tuned({}, 0.2, 1)}
    choice = Choice(tuned, learnt, clusters)
    assert choice.is_blend is is_blend
    np.testing.assert_array_equal(choice.everybody, weights if is_blend else [0, 1])
    if not is_blend:
        np.testing.assert_array_equal(choice.by_cluster, [[0, 1], [0, 1]])
    assert choice.ndcg == pytest.approx(blend.mean() if is_blend else alone[:, 1].mean())
