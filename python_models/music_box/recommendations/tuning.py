"""Choosing a recommender's parameters on a validation part, by a bounded number of tries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from music_box.parallel import in_order
from music_box.recommendations.metrics import hits, ndcg
from music_box.recommendations.recommenders import (
    AlternatingLeastSquares,
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
from music_box.recommendations.sparse import Floats, Integers, Matrix, largest

CUT = 10
# Users whose lists judge a set of parameters; differences that more would show do not matter.
_JUDGED_USERS = 1_000
# Recommenders that take several times as long to fit as any other.
_SLOW = ("als", "nmf")
# Scores of a batch of users are about this many numbers. How many batches are worked on at once
# follows from memory; a batch is the same everywhere, and so are its results.
_BATCH_FLOATS = 4_000_000


@dataclass(frozen=True)
class Kind:
    """A recommender and the values, in order, that each of its parameters may take."""

    recommender: type[Recommender]
    grid: dict[str, Sequence[float]]


# What the study recommends by.
REPORT = {
    "item_item": Kind(ItemItem, {}),
    "item_item_mean": Kind(ItemItemMean, {}),
    "nmf": Kind(NonNegativeFactors, {"factors": (16, 32, 64)}),
    "truncated_svd": Kind(TruncatedSvd, {"factors": (16, 32, 64, 128, 256)}),
}
# What the blend is made of.
MEMBERS = {
    "als": Kind(
        AlternatingLeastSquares,
        {
            "unobserved_weight": (0.01, 0.03, 0.1, 0.3, 1.0),
            "regularization": (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
            "factors": (32, 64, 128),
            "value_power": (0.0, 0.5, 1.0),
        },
    ),
    "ease": Kind(
        LinearAutoencoder,
        {
            "regularization": (0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
            "popularity_power": (-0.1, 0.0, 0.1, 0.2, 0.3),
            "user_power": (0.0, 0.25, 0.5),
            "value_power": (0.0, 0.5, 1.0),
        },
    ),
    "shrunk_cosine": Kind(
        ItemNeighbors,
        {
            "shrinkage": (0.0, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0),
            "user_power": (0.0, 0.5, 1.0),
            "neighbors": (25, 75, 200, 500),
            "value_power": (0.0, 0.5, 1.0),
        },
    ),
    "user_neighbors": Kind(
        UserNeighbors,
        {
            "neighbors": (25, 50, 100, 200, 400),
            "item_power": (0.0, 0.25, 0.5, 0.75, 1.0),
            "shrinkage": (0.0, 0.1, 0.3, 1.0, 3.0),
            "value_power": (0.0, 0.5, 1.0),
        },
    ),
    "spectral_filter": Kind(
        SpectralFilter,
        {
            "item_power": (0.0, 0.1, 0.2, 0.3, 0.4),
            "spectrum_power": (0.5, 1.0, 1.5, 2.0),
            "factors": (64, 128, 256, 512),
            "user_power": (0.0, 0.25, 0.5),
            "value_power": (0.0, 0.5, 1.0),
        },
    ),
}


@dataclass(frozen=True)
class Tuned:
    """What tuning chose, and the validation NDCG@10 that it reached."""

    parameters: dict[str, Any]
    validation_ndcg: float
    tries: int


def tune_all(
    kinds: Mapping[str, Kind],
    known: Matrix,
    hidden: Matrix,
    excluded: Matrix,
    *,
    tries: int,
    seed: int,
) -> dict[str, Tuned]:
    """Tune several recommenders, side by side.

    Parameters
    ----------
    kinds : what is tuned, by name.
    known : matrix to learn from, shape (users, items).
    hidden : relevant items of the same users that are not among the known ones.
    excluded : items not to be listed for them: the known ones, and those they dislike.
    tries : at most so many fits of each.
    seed : of the recommenders.
    """

    def tune_one(name: str) -> Tuned:
        return tune(name, kinds[name], known, hidden, excluded, tries, seed)

    return dict(zip(kinds, in_order(tune_one, kinds), strict=True))


def fit_all(
    kinds: Mapping[str, Kind],
    parameters: Mapping[str, dict[str, Any]],
    user_items: Matrix,
    seed: int,
) -> dict[str, Recommender]:
    """Each recommender with its parameters, fitted on a matrix of shape (users, items)."""

    def fit_one(name: str) -> Recommender:
        recommender = kinds[name].recommender(**parameters[name])
        recommender.fit(user_items, seed)
        return recommender

    # the slow ones first, so that none of them is left to run alone
    in_turn = sorted(kinds, key=lambda name: name not in _SLOW)
    fitted = tqdm(in_order(fit_one, in_turn), "fitting recommenders", len(kinds), delay=10.0)
    by_name = dict(zip(in_turn, fitted, strict=True))
    return {name: by_name[name] for name in kinds}


def tune(
    name: str, kind: Kind, known: Matrix, hidden: Matrix, excluded: Matrix, tries: int, seed: int
) -> Tuned:
    """Walk along one parameter after the other as long as validation NDCG@10 grows.

    The budget is a number of tries, not of seconds, so that equal data always give equal lists.
    `name` stands beside the progress; the other parameters are those of `tune_all`.
    """
    judged = np.flatnonzero(hidden.getnnz(1))[:_JUDGED_USERS]
    scores: dict[tuple[tuple[str, Any], ...], float] = {}
    progress = tqdm(total=tries, desc=f"tuning {name}", delay=10.0, leave=False)

    def score(parameters: dict[str, Any]) -> float:
        key = tuple(sorted(parameters.items()))
        if key not in scores:
            recommender = kind.recommender(**parameters)
            recommender.fit(known, seed)
            scores[key] = validation_ndcg(recommender, known, hidden, excluded, judged)
            progress.update()
        return scores[key]

    best = {parameter: kind.recommender.defaults[parameter] for parameter in kind.grid}
    reached = score(best)
    for _ in range(2):
        for parameter, values in kind.grid.items():
            for step in (1, -1):
                place = list(values).index(best[parameter]) + step
                while 0 <= place < len(values) and len(scores) < tries:
                    candidate = best | {parameter: values[place]}
                    if score(candidate) <= reached:
                        break
                    best, reached = candidate, score(candidate)
                    place += step
    progress.close()
    return Tuned(kind.recommender(**best).parameters, reached, len(scores))


def validation_ndcg(
    recommender: Recommender, known: Matrix, hidden: Matrix, excluded: Matrix, users: Integers
) -> float:
    """Mean NDCG@10 over these users, 0 if there are none."""
    values = []
    for batch in batches(users, known.shape[1]):
        scores = recommender.scores(known[batch])
        leave_out(scores, excluded[batch])
        is_hit = hits(largest(scores, CUT), hidden[batch])
        values.append(ndcg(is_hit, hidden[batch].getnnz(1)))
    return float(np.concatenate(values).mean()) if values else 0.0


def batches(users: Integers, items: int) -> list[Integers]:
    """The users in parts whose scores of all items are about this many numbers."""
    size = max(1, _BATCH_FLOATS // max(items, 1))
    return [users[start : start + size] for start in range(0, len(users), size)]


def leave_out(scores: Floats, excluded: Matrix) -> None:
    """Set the scores of excluded items to minus infinity, in place."""
    rows = np.repeat(np.arange(excluded.shape[0]), np.diff(excluded.indptr))
    scores[rows, excluded.indices] = -np.inf
