"""Choosing, fitting and listing for the splits of the warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from tqdm import tqdm

from music_box.artifacts import pack, sha256, unpack
from music_box.frames import constant
from music_box.parallel import in_order
from music_box.recommendations.blend import blended
from music_box.recommendations.clusters import UserClusters
from music_box.recommendations.estimator import BlendedRecommender, Choice
from music_box.recommendations.metrics import hits, ndcg
from music_box.recommendations.recommenders import ItemItemMean, Recommender
from music_box.recommendations.report_weights import NO_SONG, in_turn, interleave
from music_box.recommendations.sparse import Floats, Integers, Matrix, largest
from music_box.recommendations.split_data import SplitData
from music_box.recommendations.tuning import (
    CUT,
    MEMBERS,
    REPORT,
    batches,
    fit_all,
    leave_out,
    tune_all,
)

BLEND, REPORT_WEIGHTS = "learnt_blend", "report_weights"
KINDS = REPORT | MEMBERS
# Another ranking by the neighbours of `item_item`: judged beside it, but nothing is chosen from it.
JUDGED_ALONE = "item_item_mean"
SERVED = {name: kind for name, kind in KINDS.items() if name != JUDGED_ALONE}
# Users whose lists are written together.
_WRITTEN_USERS = 2_500
_LISTED = pd.CategoricalDtype([*KINDS, BLEND])
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
FIT_TYPES = {
    "snapshot_date": "date",
    "split": "varchar",
    "recommender": "varchar",
    "parameters": "varchar",
    "fit_users": "bigint",
    "fit_songs": "bigint",
    "factors": "bigint",
    "artifact": "blob",
    "artifact_sha256": "varchar",
}
LIST_TYPES = {
    "snapshot_date": "date",
    "split": "varchar",
    "recommender": "varchar",
    "user_id": "bigint",
    "rank": "integer",
    "song_id": "bigint",
    "score": "double",
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
    report_weights : `recommender` and `weight` of the sources of the report's combination.
    settings : see `Settings`.

    Returns
    -------
    DataFrame
        A row per split and recommender, policy or report's recommender, see `TUNING_TYPES`.
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
    excluded = _union(data.tuning_ratings, data.disliked)
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
    """Validation NDCG@10 of the report's combination, on the users that judged the blend."""
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
        """Cluster of each user, by what he has of the songs that clusters were made from."""
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


def fit(data: SplitData, chosen: Chosen, seed: int) -> dict[str, Recommender]:
    """Every recommender that is served, with the chosen parameters, on the whole fit part."""
    return fit_all(SERVED, chosen.parameters, data.ratings, seed)


def fit_judged(data: SplitData, chosen: Chosen, seed: int) -> dict[str, Recommender]:
    """Every recommender of a split in which they are judged."""
    fitted = fit(data, chosen, seed)
    fitted[JUDGED_ALONE] = ItemItemMean(**chosen.parameters[JUDGED_ALONE])
    # the neighbours are found already
    fitted[JUDGED_ALONE].restore(fitted["item_item"].arrays())
    return fitted


def fits_of_served(
    splits: Iterable[SplitData], tuning: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    """The recommenders of the served list, one row each, see `FIT_TYPES`."""
    rows = []
    for data in splits:
        if data.split != "serve":
            continue
        for name, recommender in fit(data, Chosen.of(tuning, data.split), settings.seed).items():
            artifact = pack({}, recommender.arrays())
            rows.append(
                {
                    "snapshot_date": data.snapshot_date,
                    "split": data.split,
                    "recommender": name,
                    "parameters": json.dumps(recommender.parameters, sort_keys=True),
                    "fit_users": len(data.users),
                    "fit_songs": len(data.songs),
                    "factors": recommender.factors,
                    "artifact": artifact,
                    "artifact_sha256": sha256(artifact),
                }
            )
    return pd.DataFrame(rows, columns=list(FIT_TYPES))


def fitted_of(fits: pd.DataFrame, names: Iterable[str]) -> dict[str, Recommender]:
    """Recommenders of `recommender_fits`, ready to score.

    Raises
    ------
    ArtifactError
        If an artifact is not the one that fitting stored.
    """
    fitted = {}
    for row in fits[fits["recommender"].isin(list(names))].to_dict("records"):
        name = str(row["recommender"])
        label = f"{name}, snapshot {row['snapshot_date']:%Y-%m-%d}"
        _, arrays = unpack(bytes(row["artifact"]), row["artifact_sha256"], label)
        parameters = json.loads(row["parameters"])
        fitted[name] = KINDS[name].recommender.from_arrays(parameters, arrays)
    return fitted


def served_lists(
    splits: Iterable[SplitData], fits: pd.DataFrame, tuning: pd.DataFrame, settings: Settings
) -> Iterator[pd.DataFrame]:
    """Lists for every user of the utility matrix, some users at a time, see `LIST_TYPES`."""
    for data in splits:
        if data.split == "serve":
            fitted = fitted_of(fits, SERVED)
            yield from lists(data, fitted, Chosen.of(tuning, data.split), settings)


def judged_lists(
    splits: Iterable[SplitData], tuning: pd.DataFrame, settings: Settings
) -> Iterator[pd.DataFrame]:
    """Lists for the users by whom recommenders are judged, some at a time, see `LIST_TYPES`."""
    for data in splits:
        if data.split != "serve":
            chosen = Chosen.of(tuning, data.split)
            yield from lists(data, fit_judged(data, chosen, settings.seed), chosen, settings)


def lists(
    data: SplitData, fitted: Mapping[str, Recommender], chosen: Chosen, settings: Settings
) -> Iterator[pd.DataFrame]:
    """The best songs of every fitted recommender and of the blend, for the users who get lists.

    Scores of the blend and its members are standardised by the user's best ones.

    Yields
    ------
    DataFrame
        A row per song of a list of some of the users, see `LIST_TYPES`. Lists of one recommender
        follow each other for `_WRITTEN_USERS` users or more, more rows than the database stores
        together: whoever asks for one recommender passes over the others.
    """
    excluded = _union(data.ratings, data.disliked)
    weights = chosen.user_weights(data)
    members = {name: fitted[name] for name in MEMBERS}
    others = [name for name in fitted if name not in MEMBERS]
    places = settings.places

    def lists_of(batch: Integers) -> dict[str, pd.DataFrame]:
        rows, left_out = data.ratings[batch], excluded[batch]
        total, best = blended(members, rows, left_out, weights[batch], places)
        best[BLEND] = _best(total, places)
        for name in others:
            scores = fitted[name].scores(rows)
            leave_out(scores, left_out)
            best[name] = _best(scores, places)
        return {name: _list_frame(data, name, batch, *found) for name, found in best.items()}

    every_batch = batches(np.flatnonzero(data.is_listed), len(data.songs))
    parts = tqdm(
        in_order(lists_of, every_batch),
        total=len(every_batch),
        desc=f"lists, {data.split}",
        delay=10.0,
    )
    together = -(-_WRITTEN_USERS // len(every_batch[0])) if every_batch else 1
    left = iter(parts)
    while some := list(islice(left, together)):
        for name in (*fitted, BLEND):
            yield pd.concat([part[name] for part in some], ignore_index=True)


def _best(scores: Floats, places: int) -> tuple[Integers, Floats]:
    items = largest(scores, min(places, scores.shape[1]))
    return items, np.take_along_axis(scores, np.maximum(items, 0), 1)


def _list_frame(
    data: SplitData, name: str, batch: Integers, items: Integers, scores: Floats
) -> pd.DataFrame:
    """The lists of one recommender, a row per song."""
    user, place = np.nonzero(items >= 0)
    return pd.DataFrame(
        {
            "snapshot_date": pd.Timestamp(data.snapshot_date),
            "split": constant(data.split, len(user)),
            "recommender": constant(name, len(user)).astype(_LISTED),
            "user_id": data.users[batch[user]],
            "rank": (place + 1).astype(np.int32),
            "song_id": data.songs[items[user, place]],
            "score": scores[user, place],
        }
    )


def _union(first: Matrix, second: Matrix) -> Matrix:
    """Entries of either matrix; what they hold does not matter."""
    result: Matrix = (first + second).tocsr()
    return result
