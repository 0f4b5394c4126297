"""Users, songs and lists that judging has to survive: the tables that it reads, made up."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

TRAINING, SCORING = "2017-04-28", "2017-05-12"
CATALOGUE = 300
TYPES = {
    "recommendation_users": {
        "snapshot_date": "date",
        "split": "varchar",
        "user_id": "bigint",
        "songs": "bigint",
        "is_in_matrix": "boolean",
        "is_evaluated": "boolean",
    },
    "recommendation_test_pairs": {
        "snapshot_date": "date",
        "split": "varchar",
        "user_id": "bigint",
        "song_id": "bigint",
        "rating": "double",
        "is_heard": "boolean",
        "is_relevant": "boolean",
    },
    "recommendation_catalogue": {
        "snapshot_date": "date",
        "split": "varchar",
        "song_id": "bigint",
        "listeners": "bigint",
    },
    "recommendation_examples": {
        "snapshot_date": "date",
        "split": "varchar",
        "user_id": "bigint",
        "song_id": "bigint",
        "rating": "double",
    },
    "baseline_candidates": {
        "snapshot_date": "date",
        "split": "varchar",
        "recommender": "varchar",
        "user_id": "bigint",
        "rank": "integer",
        "song_id": "bigint",
        "score": "double",
    },
    "recommender_in_sample_errors": {
        "snapshot_date": "date",
        "split": "varchar",
        "recommender": "varchar",
        "metric": "varchar",
        "value": "double",
        "users": "bigint",
        "songs": "bigint",
        "factors": "bigint",
    },
    "recommender_weights": {"recommender": "varchar", "weight": "double"},
}
TYPES["recommendation_lists"] = TYPES["baseline_candidates"]
Inputs = dict[str, pd.DataFrame]


def empty() -> Inputs:
    """What a build without snapshots hands over; weights are a seed."""
    inputs = {name: pd.DataFrame(columns=list(types)) for name, types in TYPES.items()}
    inputs["recommender_weights"] = pd.DataFrame(
        {"recommender": ["popularity", "item_item", "overlap"], "weight": [0.2, 0.2, 0.6]}
    )
    return inputs


def lists_of(
    split: str, recommender: str, songs: dict[int, list[int]], snapshot: str | None = None
) -> pd.DataFrame:
    """Rows of one recommender's lists: a user's songs, best first."""
    rows = [
        (
            snapshot or (SCORING if split == "serve" else TRAINING),
            split,
            recommender,
            user,
            place,
            song,
            1 / place,
        )
        for user, listed in songs.items()
        for place, song in enumerate(listed, 1)
    ]
    return pd.DataFrame(rows, columns=list(TYPES["baseline_candidates"]))


def drawn(users: int = 60, seed: int = 1) -> Inputs:
    """Random lists of random lengths for both kinds of users, in all three splits.

    Songs up to `CATALOGUE` are in the catalogue, the others are not; small numbers are popular.
    """
    draws = np.random.default_rng(seed)
    inputs = empty()

    def some(count: int, highest: int = CATALOGUE) -> list[int]:
        weights = 1 / np.arange(1, highest + 1)
        return (draws.choice(highest, count, replace=False, p=weights / weights.sum()) + 1).tolist()

    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in inputs}
    for split, snapshot in (("serve", SCORING), ("temporal", TRAINING), ("random", TRAINING)):
        everyone = np.arange(1, users + 1)
        known = pd.DataFrame({"snapshot_date": snapshot, "split": split, "user_id": everyone})
        is_in_matrix = everyone % 4 != 0
        evaluated = (everyone % 10 != 0) & (split != "serve")
        parts["recommendation_users"].append(
            known.assign(songs=6 * is_in_matrix, is_in_matrix=is_in_matrix, is_evaluated=evaluated)
        )
        examples = [(int(user), song) for user in everyone for song in some(12, CATALOGUE + 60)]
        examples += [(0, song) for song in range(1, CATALOGUE + 61)]
        heard = set(examples)
        parts["recommendation_examples"].append(
            pd.DataFrame(examples, columns=["user_id", "song_id"]).assign(
                snapshot_date=snapshot, split=split, rating=3.0
            )
        )
        parts["recommendation_catalogue"].append(
            pd.DataFrame(
                {
                    "snapshot_date": snapshot,
                    "split": split,
                    "song_id": range(1, CATALOGUE + 1),
                    "listeners": -1,
                }
            )
        )
        if split != "serve":
            rows = []
            # users 1, 2 and 3 have nothing, nothing new, and nothing liked in the test
            for user in everyone[evaluated]:
                count = 0 if user == 1 else int(draws.integers(1, 40))
                for song in some(count, CATALOGUE + 60):
                    rating = draws.integers(1, 4) if user == 3 else draws.integers(1, 6)
                    is_heard = user == 2 or (user, song) in heard
                    rows.append((user, song, float(rating), is_heard, bool(rating >= 4)))
            columns = ["user_id", "song_id", "rating", "is_heard", "is_relevant"]
            parts["recommendation_test_pairs"].append(
                pd.DataFrame(rows, columns=columns).assign(snapshot_date=snapshot, split=split)
            )
        listeners = everyone if split == "serve" else everyone[evaluated]
        in_matrix = [int(user) for user in listeners if user % 4 != 0]
        for recommender in ("item_item", "nmf", "truncated_svd", "learnt_blend"):
            # not everybody has a list, and lists may end before 10
            songs = {user: some(int(draws.integers(1, 101))) for user in in_matrix if user % 7 != 0}
            parts["recommendation_lists"].append(lists_of(split, recommender, songs))
        popular = {int(user): some(100) for user in listeners}
        parts["baseline_candidates"].append(lists_of(split, "popularity", popular))
        if split != "serve":
            own = {int(user): some(12, CATALOGUE + 60) for user in listeners}
            parts["baseline_candidates"].append(lists_of(split, "what_they_play", own))
            short = {int(user): some(3) for user in listeners if user % 3 == 0}
            parts["baseline_candidates"].append(lists_of(split, "same_singer", short))
    for name, frames in parts.items():
        if frames:
            inputs[name] = pd.concat(frames, ignore_index=True)
    inputs["recommender_in_sample_errors"] = pd.DataFrame(
        [
            (TRAINING, "in_sample", "nmf", "rmse", 1.25, 45, 300, 20),
            (TRAINING, "in_sample", "item_item", "rmse", 0.5, 45, 300, None),
        ],
        columns=list(TYPES["recommender_in_sample_errors"]),
    )
    return inputs


def write(folder: Path, inputs: Inputs) -> None:
    """Put the tables into a warehouse; the seed lies in another schema."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "music_box.duckdb")) as connection:
        connection.execute("create schema if not exists recommendations")
        connection.execute("create schema if not exists staging")
        for name, frame in inputs.items():
            schema = "staging" if name == "recommender_weights" else "recommendations"
            known = ", ".join(
                f"cast({column} as {kind}) as {column}" for column, kind in TYPES[name].items()
            )
            connection.register("frame", frame)
            kind = (
                "view"
                if connection.sql(
                    f"select 1 from duckdb_views() where view_name = '{name}'"
                ).fetchall()
                else "table"
            )
            connection.execute(f"drop {kind} if exists {schema}.{name}")
            connection.execute(f"create table {schema}.{name} as select {known} from frame")
