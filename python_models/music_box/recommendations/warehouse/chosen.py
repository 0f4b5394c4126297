"""Choosing parameters and weights for the splits of the warehouse, and reading them back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from music_box.artifacts import pack, sha256, unpack
from music_box.parallel import in_order
from music_box.recommendations.clusters import UserClusters
from music_box.recommendations.estimator import BlendedRecommender, Choice
from music_box.recommendations.metrics import hits, ndcg
from music_box.recommendations.sparse import Integers, Matrix, largest, union
from music_box.recommendations.tuning import (
    CUT,
    MEMBERS,
    REPORT,
    batches,
    fit_all,
    leave_out,
    tune_all,
)
from music_box.recommendations.warehouse.report_weights import NO_SONG, in_turn, interleave
from music_box.recommendations.warehouse.split_data import SplitData

BLEND, REPORT_WEIGHTS = "learnt_blend", "report_weights"
KINDS = REPORT | MEMBERS
# Another ranking by the neighbours of `item_item`: judged beside it, but nothing is chosen from it.
JUDGED_ALONE = "item_item_mean"
SERVED = {name: kind for name, kind in KINDS.items() if name != JUDGED_ALONE}
TUNING_TYPES = {
    "snapshot_date": "date",
    "split": "varchar",
    "recommender": "varchar",
    "parameters": "varchar",
    "tries": "bigint",
    "validation_ndcg": "double",
    "decision_ndcg": "double",
    "artifact": "blob",
    "artifact_sha256": "varchar",
}


@dataclass(frozen=True)
class Settings:
    """How recommenders are tuned and what they list, from the model's `meta`.

    Parameters
    ----------
    seed : whatever is random follows from it.
    tries : sets of parameters tried for each recommender.
    tuning_users, learning_users : users on whom parameters and weights are chosen.
    clusters : at most so many clusters of users.
    places : length of a list.
    """

    seed: int
    tries: int
    tuning_users: int
    learning_users: int
    clusters: int
    places: int

    def estimator(self) -> BlendedRecommender:
        """The estimator whose choices are made on the warehouse's own validation part."""
        return BlendedRecommender(
            seed=self.seed,
            tries=self.tries,
            tuning_users=self.tuning_users,
            learning_users=self.learning_users,
            clusters=self.clusters,
        )


def choose(
    splits: Iterable[SplitData], report_weights: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    """Parameters, weights and the decision between policies, chosen on validation parts.

    The served list uses what was chosen for the temporal split, so that the list that people get is
    the one that was judged; it is tuned on its own data only where there is no temporal split.

    Parameters
    ----------
    splits : of one warehouse, the temporal one before the served one and after all others; one at a
        time is in memory.
    report_weights : `recommender` and `weight` of the sources of the study's combination.
    settings : see `Settings`.

    Returns
    -------
    DataFrame
        A row per split and recommender, policy or recommender of the study, see `TUNING_TYPES`.
    """
    rows: list[dict[str, Any]] = []
    for data in splits:
        rows.extend(_choose(data, report_weights, settings))
        if data.split == "temporal":
            # it answers for the served one, which need not be read
            break
    return pd.DataFrame(rows, columns=list(TUNING_TYPES))


def _choose(
    data: SplitData, report_weights: pd.DataFrame, settings: Settings
) -> Iterator[dict[str, Any]]:
    """Rows of one split."""
    estimator = settings.estimator()
    excluded = union(data.tuning_ratings, data.disliked)
    choice = estimator.choose(data.tuning_ratings, data.hidden, excluded)
    row = {"snapshot_date": data.snapshot_date, "split": data.split}
    alone = choice.learnt.member_ndcg.mean(axis=0) if len(choice.learnt.ndcg) else None
    for place, (name, tuned) in enumerate(choice.tuned.items()):
        yield {
            **row,
            "recommender": name,
            "parameters": json.dumps(tuned.parameters, sort_keys=True),
            "tries": tuned.tries,
            "validation_ndcg": tuned.validation_ndcg,
            "decision_ndcg": None if alone is None else float(alone[place]),
        }
    some = estimator.some_users(data.hidden, settings.tuning_users)
    known, hidden, left_out = data.tuning_ratings[some], data.hidden[some], excluded[some]
    report = tune_all(REPORT, known, hidden, left_out, tries=settings.tries, seed=settings.seed)
    for name, tuned in report.items():
        yield {
            **row,
            "recommender": name,
            "parameters": json.dumps(tuned.parameters, sort_keys=True),
            "tries": tuned.tries,
            "validation_ndcg": tuned.validation_ndcg,
        }
    parameters = {name: tuned.parameters for name, tuned in report.items()}
    artifact = pack({}, choice.clusters.arrays() | {"songs": data.songs})
    yield {
        **row,
        "recommender": BLEND,
        "parameters": json.dumps(_weights_of(choice), sort_keys=True),
        "decision_ndcg": choice.ndcg,
        "artifact": artifact,
        "artifact_sha256": sha256(artifact),
    }
    yield {
        **row,
        "recommender": REPORT_WEIGHTS,
        "parameters": json.dumps({}),
        "decision_ndcg": _report_weights_ndcg(data, parameters, excluded, report_weights, settings),
    }


def _weights_of(choice: Choice) -> dict[str, Any]:
    """Weights by name, as they are stored."""
    names = list(choice.tuned)
    return {
        "weights": dict(zip(names, choice.everybody.tolist(), strict=True)),
        "cluster_weights": [
            dict(zip(names, row, strict=True)) for row in choice.by_cluster.tolist()
        ],
    }


def _report_weights_ndcg(
    data: SplitData,
    parameters: Mapping[str, dict[str, Any]],
    excluded: Matrix,
    report_weights: pd.DataFrame,
    settings: Settings,
) -> float | None:
    """Validation NDCG@10 of the study's combination, on the users that judged the blend."""
    estimator = settings.estimator()
    more = estimator.some_users(data.hidden, settings.learning_users)
    judged = estimator.judged_users(data.hidden[more])
    if not len(judged):
        return None
    known, hidden, left_out = data.tuning_ratings[more], data.hidden[more], excluded[more]
    ordered = in_turn(report_weights)
    combined = {name: REPORT[name] for name in ("item_item", "nmf", "truncated_svd")}
    fitted = fit_all(combined, parameters, known, settings.seed)

    def lists_of(batch: Integers) -> dict[str, Integers]:
        best = {}
        for name, recommender in fitted.items():
            scores = recommender.scores(known[batch])
            leave_out(scores, left_out[batch])
            best[name] = largest(scores, settings.places)
        popular = np.tile(known.getnnz(0).astype(np.float32), (len(batch), 1))
        leave_out(popular, left_out[batch])
        return {
            "popularity": largest(popular, settings.places),
            "item_item": best["item_item"],
            "overlap": _agreed(best["nmf"], best["truncated_svd"], known.shape[1]),
        }

    lists = list(in_order(lists_of, batches(judged, known.shape[1])))
    by_source = [np.concatenate([part[name] for part in lists]) for name in ordered["recommender"]]
    songs = np.stack(by_source, axis=1)
    songs = np.where(songs < 0, NO_SONG, songs)
    listed = interleave(songs, ordered["weight"].to_numpy(float), CUT)
    relevant = hidden[judged]
    is_hit = hits(np.where(listed == NO_SONG, -1, listed), relevant)
    return float(ndcg(is_hit, relevant.getnnz(1)).mean())


def _agreed(first: Integers, second: Integers, items: int) -> Integers:
    """Items of both lists by their mean rank, then by the first; -1 after the last."""
    users, places = first.shape
    rank = np.full((users, items), 2 * places, np.int32)
    row = np.arange(users)[:, None]
    places_of = np.broadcast_to(np.arange(places), second.shape)
    is_item = second >= 0
    rank[np.broadcast_to(row, second.shape)[is_item], second[is_item]] = places_of[is_item]
    other = np.where(first >= 0, rank[row, np.maximum(first, 0)], 2 * places)
    total = np.where(other < 2 * places, other + np.arange(places), 4 * places)
    order = np.argsort(total, axis=1, kind="stable")
    is_agreed = np.take_along_axis(total, order, 1) < 4 * places
    return np.where(is_agreed, np.take_along_axis(first, order, 1), -1)


@dataclass(frozen=True)
class Chosen:
    """What was chosen for a split, read back from `recommender_tuning`."""

    parameters: dict[str, dict[str, Any]]
    weights: dict[str, Any]
    clusters: UserClusters
    songs: Integers

    @staticmethod
    def split_of(tuning: pd.DataFrame, split: str) -> str:
        """The split whose choice another one uses."""
        return "temporal" if split == "serve" and (tuning["split"] == "temporal").any() else split

    @classmethod
    def of(cls, tuning: pd.DataFrame, split: str) -> Chosen:
        """The choice that a split uses: its own or, for what is served, the temporal one's."""
        rows = tuning[tuning["split"] == cls.split_of(tuning, split)].set_index("recommender")
        parameters = {str(name): json.loads(text) for name, text in rows["parameters"].items()}
        blend = rows.loc[BLEND].to_dict()
        name = f"{BLEND}, snapshot {blend['snapshot_date']:%Y-%m-%d}"
        _, arrays = unpack(bytes(blend["artifact"]), str(blend["artifact_sha256"]), name)
        return cls(
            {name: parameters[name] for name in KINDS},
            parameters[BLEND],
            UserClusters.from_arrays(arrays),
            arrays["songs"],
        )

    def user_clusters(self, data: SplitData) -> Integers:
        """Cluster of each user, by what they have of the songs that clusters were made from."""
        column = pd.Index(data.songs).get_indexer(pd.Index(self.songs))
        padded = sparse.hstack(
            [data.ratings, sparse.csr_matrix((data.ratings.shape[0], 1))], "csr", np.float32
        )
        return self.clusters.assign(padded[:, column])

    def user_weights(self, data: SplitData) -> NDArray[np.float64]:
        """Weights of the blend's members, shape (users, members)."""
        table = np.array(
            [[weights[name] for name in MEMBERS] for weights in self.weights["cluster_weights"]]
        )
        return table[self.user_clusters(data)]
