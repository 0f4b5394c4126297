"""A weighted sum of recommenders' standardised scores, its weights learnt on validation NDCG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from music_box.parallel import in_order
from music_box.recommendations.metrics import hits, ndcg
from music_box.recommendations.recommenders import Recommender
from music_box.recommendations.sparse import Floats, Integers, Matrix, largest
from music_box.recommendations.tuning import CUT, batches, leave_out

# Scores are standardised by a user's so many best ones, which are what lists are made of.
_STANDARD_PLACES = 100
# How far below a user's best scores an item may count: no single recommender can rule it out.
_LOWEST = np.float32(-5.0)
_STEPS = (0.5, 0.25, 0.1)
# Below this a change of NDCG is rounding.
_LEAST_GAIN = 1e-6
# A cluster's own weights count as much as everybody's once it has so many validation users.
_CLUSTER_USERS = 300


def standardise(scores: Floats, excluded: Matrix, places: int = _STANDARD_PLACES) -> Integers:
    """Bring each user's scores to mean 0 and deviation 1 over their best ones, in place.

    Returns
    -------
    array, shape (users, places or number of items, if that is less) : the items of the best scores,
        -1 where there are none
    """
    leave_out(scores, excluded)
    best, means, deviations = _spread(scores, places)
    scores -= means
    scores /= deviations
    np.maximum(scores, _LOWEST, out=scores)
    leave_out(scores, excluded)
    return best


@dataclass(frozen=True)
class Validation:
    """Standardised scores of what any member lists for the validation users.

    Parameters
    ----------
    scores : shape (users, candidates, members); minus infinity where there is no candidate.
    is_relevant : shape (users, candidates).
    relevant : relevant items of each user, listed or not, shape (users,).
    """

    scores: Floats
    is_relevant: NDArray[np.bool_]
    relevant: Integers

    def hits(self, weights: NDArray[np.float64], cut: int) -> NDArray[np.bool_]:
        """Whether each of the best candidates is relevant, shape (users, cut)."""
        with np.errstate(invalid="ignore"):
            blend = self.scores @ weights.astype(np.float32)
        blend[np.isnan(blend)] = -np.inf
        best = largest(blend, min(cut, blend.shape[1]))
        is_hit = np.zeros((len(blend), cut), bool)
        is_hit[:, : best.shape[1]] = (best >= 0) & np.take_along_axis(
            self.is_relevant, np.maximum(best, 0), 1
        )
        return is_hit

    def ndcg(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """NDCG@10 of each user under these weights, shape (users,)."""
        return ndcg(self.hits(weights, CUT), self.relevant)

    def part(self, users: NDArray[np.bool_]) -> Validation:
        """The same for some of the users."""
        return Validation(self.scores[users], self.is_relevant[users], self.relevant[users])


def validation_of(
    members: Mapping[str, Recommender],
    known: Matrix,
    hidden: Matrix,
    excluded: Matrix,
    users: Integers,
) -> Validation:
    """What fitted members say of the validation users (rows of `known`)."""
    relevant = hidden[users].getnnz(1)
    if not len(users):
        return Validation(
            np.zeros((0, 1, len(members)), np.float32), np.zeros((0, 1), bool), relevant
        )

    def of_batch(batch: Integers) -> tuple[Floats, NDArray[np.bool_]]:
        every = []
        found = []
        for recommender in members.values():
            values = recommender.scores(known[batch])
            found.append(standardise(values, excluded[batch]))
            every.append(values)
        listed = np.sort(np.concatenate(found, axis=1), axis=1)
        is_again = np.zeros(listed.shape, bool)
        is_again[:, 1:] = listed[:, 1:] == listed[:, :-1]
        is_candidate = (listed >= 0) & ~is_again
        places = np.maximum(listed, 0)
        candidates = np.stack([np.take_along_axis(values, places, 1) for values in every], axis=2)
        candidates[~is_candidate] = -np.inf
        return candidates, hits(np.where(is_candidate, listed, -1), hidden[batch])

    scores, is_relevant = zip(*in_order(of_batch, batches(users, known.shape[1])), strict=True)
    return Validation(np.concatenate(scores), np.concatenate(is_relevant), relevant)


def learn_weights(
    validation: Validation, start: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Weights, not negative and of sum 1, that raise mean validation NDCG, one after the other.

    NDCG is taken at 10 and at 20: lists of ten alone are mostly chance. Without a start, the climb
    begins twice, at equal weights and at the best member alone, and the mean is taken of where both
    end: NDCG is a rough landscape.
    """

    def value(weights: NDArray[np.float64]) -> float:
        is_hit = validation.hits(weights, 2 * CUT)
        short, whole = ndcg(is_hit[:, :CUT], validation.relevant), ndcg(is_hit, validation.relevant)
        return float(short.mean() + whole.mean())

    members = validation.scores.shape[2]
    if not len(validation.relevant):
        return np.full(members, 1 / members) if start is None else start
    if start is None:
        best = max(np.eye(members), key=value)
        return (_climb(value, best) + _climb(value, np.full(members, 1 / members))) / 2
    return _climb(value, start)


def _climb(
    value: Callable[[NDArray[np.float64]], float], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Change one weight at a time, by ever smaller steps, as long as the value grows."""
    weights, reached = start, value(start)
    for step in _STEPS:
        is_better = True
        while is_better:
            is_better = False
            for member in range(len(weights)):
                for change in (step, -step):
                    candidate = weights.copy()
                    candidate[member] = max(0.0, candidate[member] + change * weights.max())
                    if not candidate.any():
                        continue
                    candidate /= candidate.sum()
                    if (tried := value(candidate)) > reached + _LEAST_GAIN:
                        weights, reached, is_better = candidate, tried, True
    return weights


@dataclass(frozen=True)
class Learnt:
    """What was learnt on validation users.

    Parameters
    ----------
    weights : of everybody, shape (members,).
    cluster_weights : of each cluster, shape (clusters, members).
    ndcg : NDCG@10 of each validation user under weights learnt from the other half.
    member_ndcg : NDCG@10 of each validation user under each member alone, (users, members).
    """

    weights: NDArray[np.float64]
    cluster_weights: NDArray[np.float64]
    ndcg: NDArray[np.float64]
    member_ndcg: NDArray[np.float64]


def learn(validation: Validation, clusters: Integers, count: int, seed: int) -> Learnt:
    """Learn weights on each half of the validation users, judged on the other half.

    What is used afterwards is the mean of both halves' weights. Clusters of users get weights of
    their own, drawn towards everybody's where they have few users, if that is better on
    users on whom they were not learnt.
    """
    users, _, members = validation.scores.shape
    is_first = np.zeros(users, bool)
    is_first[np.random.default_rng(seed).permutation(users)[: (users + 1) // 2]] = True
    everybody, own = [], []
    ndcg_of_all, ndcg_of_own = np.zeros((2, users))
    for is_learnt in (is_first, ~is_first):
        learnt, other = validation.part(is_learnt), validation.part(~is_learnt)
        weights = learn_weights(learnt)
        everybody.append(weights)
        ndcg_of_all[~is_learnt] = other.ndcg(weights)
        of_clusters = np.tile(weights, (count, 1))
        for cluster in range(count):
            is_in = is_learnt & (clusters == cluster)
            trust = is_in.sum() / (is_in.sum() + _CLUSTER_USERS)
            if is_in.any():
                of_clusters[cluster] *= 1 - trust
                of_clusters[cluster] += trust * learn_weights(validation.part(is_in), weights)
            is_other = ~is_learnt & (clusters == cluster)
            if is_other.any():
                ndcg_of_own[is_other] = validation.part(is_other).ndcg(of_clusters[cluster])
        own.append(of_clusters)
    weights = np.mean(everybody, axis=0)
    is_own_better = bool(users) and ndcg_of_own.mean() > ndcg_of_all.mean()
    alone = np.stack([validation.ndcg(one) for one in np.eye(members)], axis=1)
    return Learnt(
        weights,
        np.mean(own, axis=0) if is_own_better else np.tile(weights, (count, 1)),
        ndcg_of_own if is_own_better else ndcg_of_all,
        alone,
    )


def blended(
    members: Mapping[str, Recommender],
    rows: Matrix,
    excluded: Matrix,
    weights: NDArray[np.float64],
    places: int = _STANDARD_PLACES,
) -> tuple[Floats, dict[str, tuple[Integers, Floats]]]:
    """Blended scores of all items for each row, and the best items of each member with scores.

    Parameters
    ----------
    members : fitted recommenders, in the order of the weights.
    rows : items of the users, shape (users, items).
    excluded : items not to be listed.
    weights : of each user, shape (users, members).
    places : length of the members' own lists.
    """
    total = np.zeros(rows.shape, np.float32)
    means = np.zeros((rows.shape[0], 1), np.float32)
    lists: dict[str, tuple[Integers, Floats]] = {}
    for place, (name, recommender) in enumerate(members.items()):
        scores = recommender.scores(rows)
        leave_out(scores, excluded)
        best, mean, deviation = _spread(scores, max(places, _STANDARD_PLACES))
        listed = np.take_along_axis(scores, np.maximum(best, 0), 1)
        lists[name] = (best[:, :places], ((listed - mean) / deviation)[:, :places])
        # what `standardise` does, its mean taken off the sum alone: fewer passes over all scores
        weight = weights[:, place : place + 1].astype(np.float32) / deviation
        np.maximum(scores, mean + _LOWEST * deviation, out=scores)
        scores *= weight
        total += scores
        means += weight * mean
    total -= means
    leave_out(total, excluded)
    return total, lists


def _spread(scores: Floats, places: int) -> tuple[Integers, Floats, Floats]:
    """Items of each user's best scores, -1 after the last, and their mean and deviation.

    Returns
    -------
    arrays, shapes (users, places or number of items), (users, 1), (users, 1)
    """
    best = largest(scores, min(places, scores.shape[1]))
    values = np.take_along_axis(scores, np.maximum(best, 0), 1)
    values = np.where(best >= 0, values, np.nan)
    is_listed = (best >= 0).any(axis=1)
    means, deviations = np.zeros((2, len(scores), 1), np.float32)
    means[is_listed, 0] = np.nanmean(values[is_listed], axis=1)
    deviations[is_listed, 0] = np.nanstd(values[is_listed], axis=1)
    return best, means, np.maximum(deviations, np.float32(1e-6))
