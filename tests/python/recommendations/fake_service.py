"""A small service whose listeners have every kind of list that a final list has to cope with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

SCORING, TRAINING = "2017-05-12", "2017-04-28"
SHORT, COLD, SILENT, ALL_DISLIKED, DISLIKER, TWIN, TIES, KNOWS_NEARLY_ALL, UNLISTED = range(1, 10)
USERS = 60
CATALOGUE, SONGS = 70, 80
DISLIKED_SONG, NEAR_SONG = 40, 41
CONTEXT_PLAYS = 40
RECOMMENDERS = ("learnt_blend", "report_weights", "popularity")


def fake_ratings(random: np.random.Generator) -> pd.DataFrame:
    """What users have played, downloaded and liked."""
    counts = {SHORT: 8, COLD: 3, SILENT: 0, ALL_DISLIKED: 7, DISLIKER: 9, TWIN: 9, TIES: 9}
    counts |= {KNOWS_NEARLY_ALL: CATALOGUE - 4, UNLISTED: 8}
    rows = []
    for user_id in range(1, USERS + 1):
        # the songs that the cases are about are nobody's
        others = [song for song in range(1, SONGS + 1) if song not in (DISLIKED_SONG, NEAR_SONG)]
        if user_id == KNOWS_NEARLY_ALL:
            others = list(range(1, CATALOGUE + 1))
        songs = random.choice(others, counts.get(user_id, random.integers(0, 15)), replace=False)
        for song_id in songs:
            plays = int(random.integers(0, 5))
            play_score = float(random.choice([1, 1.5, 3.75, 4, 5])) if plays else 0.0
            downloads = int(plays == 0 or random.random() < 0.2)
            is_liked = bool(random.random() < 0.1)
            rating = max(play_score, 5.0 if downloads or is_liked else 0.0)
            rows.append((user_id, song_id, plays, downloads, play_score, is_liked, rating))
    columns = ["user_id", "song_id", "plays", "downloads", "play_score", "is_liked", "rating"]
    ratings = pd.DataFrame(rows, columns=columns)
    ratings.insert(0, "snapshot_date", SCORING)
    twin = ratings[ratings["user_id"] == TWIN].assign(user_id=DISLIKER)
    return pd.concat([ratings[ratings["user_id"] != DISLIKER], twin], ignore_index=True)


def fake_candidates(
    random: np.random.Generator, known: set[tuple[int, int]], matrix: set[int]
) -> pd.DataFrame:
    """Lists of three recommenders; fitted ones do not know what somebody said they dislike."""
    rows: list[tuple] = []
    for recommender in RECOMMENDERS:
        for user_id in range(1, USERS + 1):
            new = [song for song in range(1, CATALOGUE + 1) if (user_id, song) not in known]
            if recommender != "popularity":
                if user_id not in matrix or user_id == UNLISTED:
                    continue
                new = [int(song) for song in random.permutation(new)]
                if user_id in (DISLIKER, TWIN):
                    new.sort(key=lambda song: (song != DISLIKED_SONG, song != NEAR_SONG))
                new = new[: 3 if user_id == SHORT else 60]
            steps = random.choice([0, 0.25, 1], len(new)) * (user_id != TIES)
            scores = 100 - np.cumsum(steps)
            rows += [
                (SCORING, "serve", recommender, user_id, rank, song_id, score)
                for rank, (song_id, score) in enumerate(zip(new, scores, strict=True), start=1)
            ]
    columns = ["snapshot_date", "split", "recommender", "user_id", "rank", "song_id", "score"]
    lists = pd.DataFrame(rows, columns=columns)
    # the disliker is the twin in all but dislikes
    twin = lists[(lists["user_id"] == TWIN)].assign(user_id=DISLIKER)
    lists = pd.concat([lists[lists["user_id"] != DISLIKER], twin], ignore_index=True)
    # a split that nobody is served from
    return pd.concat([lists, lists.assign(split="temporal", snapshot_date=TRAINING)[::2]])


def fake_tables() -> dict[str, pd.DataFrame]:
    """What the final list reads, by name of the table."""
    random = np.random.default_rng(4)
    ratings = fake_ratings(random)
    counts = ratings["user_id"].value_counts()
    users = pd.DataFrame({"user_id": range(1, USERS + 1)})
    users["songs"] = users["user_id"].map(counts).fillna(0).astype(int)
    users["is_in_matrix"] = users["songs"] > 5
    skipped = ratings[
        (ratings["user_id"] == ALL_DISLIKED) | (random.random(len(ratings)) < 0.05)
    ].query("user_id not in (@TWIN, @DISLIKER)")
    dislikes = skipped[["user_id", "song_id"]].assign(reason="skipped")
    said = [(DISLIKER, DISLIKED_SONG, "feedback"), (COLD, 1, "feedback"), (SILENT, 2, "feedback")]
    said = [row for row in said if row[:2] not in set(pairs(ratings))]
    dislikes = pd.concat([dislikes, pd.DataFrame(said, columns=dislikes.columns)])
    known = set(pairs(ratings))
    matrix = set(users.loc[users["is_in_matrix"], "user_id"])
    lists = fake_candidates(random, known, matrix)
    # popularity knows what is disliked, the others do not
    disliked = set(pairs(dislikes))
    is_disliked = np.array([pair in disliked for pair in pairs(lists)])
    lists = lists[~((lists["recommender"] == "popularity") & is_disliked)]

    neighbors = [
        (song_id, rank, int(neighbor), 1 / (rank + 1))
        for song_id in range(1, CATALOGUE + 1)
        for rank, neighbor in enumerate(
            random.choice(
                [song for song in range(1, CATALOGUE + 1) if song not in (song_id, DISLIKED_SONG)],
                6,
                replace=False,
            ),
            start=1,
        )
        if song_id != NEAR_SONG
    ] + [(NEAR_SONG, 1, DISLIKED_SONG, 0.8)]
    songs = pd.DataFrame({"song_id": range(1, SONGS + 1)})
    numbers = songs["song_id"]
    songs["song_name"] = [None if number % 7 == 0 else f"Song {number}" for number in numbers]
    songs["singer"] = [None if number % 5 == 0 else f"Singer {number % 23}" for number in numbers]
    songs["is_recommendable"] = numbers <= CATALOGUE
    plays = pd.DataFrame(
        {"user_id": 1 + numbers % USERS, "song_id": numbers, "plays": CONTEXT_PLAYS}
    )
    plays["weekend_plays"] = random.integers(0, CONTEXT_PLAYS, len(plays))
    factors = [
        (recommender, number, factor, float(random.choice([0, 0.25, 0.5, 1.5])))
        for recommender in ("nmf", "als")
        for number in range(1, USERS + 1)
        for factor in range(3)
    ]
    factor_columns = ["recommender", "number", "factor", "value"]
    values = pd.DataFrame(factors, columns=factor_columns)
    members = users.loc[users["is_in_matrix"], ["user_id"]]
    tables: dict[str, Any] = {
        "recommendation_splits": pd.DataFrame({"split": ["serve"]}),
        "recommendation_users": users.assign(split="serve", is_evaluated=False),
        "recommendation_examples": ratings[["user_id", "song_id"]].assign(split="serve"),
        "recommendation_catalogue": songs.loc[songs["is_recommendable"], ["song_id"]].assign(
            split="serve"
        ),
        "recommendation_candidates": lists,
        "user_song_ratings": ratings,
        "songs": songs,
        "song_dislikes": dislikes,
        "song_neighbors": pd.DataFrame(
            neighbors, columns=["song_id", "neighbor_rank", "neighbor_song_id", "similarity"]
        ),
        "song_factors": values.rename(columns={"number": "song_id"}),
        "user_factors": values.rename(columns={"number": "user_id"}),
        "user_cluster_members": members.assign(cluster=members["user_id"] % 3),
        "blend_weights": pd.DataFrame(
            [(None, "als", 0.7), (None, "nmf", 0.3), (1, "als", 1.0)],
            columns=["cluster", "recommender", "weight"],
        )
        .assign(split="serve")
        .astype({"cluster": "Int64"}),
        "blend_decisions": pd.DataFrame(
            {
                "split": "serve",
                "policy": ["learnt_blend", "report_weights"],
                "validation_ndcg": [0.2, 0.1],
            }
        ),
    }
    tables = {f"recommendations.{name}": table for name, table in tables.items()}
    tables["intermediate.int_snapshot_users"] = users[["user_id"]]
    tables["intermediate.int_snapshot_user_songs"] = plays
    tables["features.user_features"] = users[["user_id"]].assign(
        plays_30d=10, active_days_30d=2, weekend_play_share=0.25, is_paying=False
    )
    for table in tables.values():
        if "snapshot_date" not in table:
            table["snapshot_date"] = SCORING
    return tables


def pairs(table: pd.DataFrame) -> list[tuple[int, int]]:
    """User and song of each row."""
    return list(zip(table["user_id"].tolist(), table["song_id"].tolist(), strict=True))


def write(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Put tables into a warehouse."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "music_box.duckdb")) as connection:
        for name, table in tables.items():
            connection.register("made_up", table)
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            connection.execute(
                f"create table {name} as select * replace"
                " (cast(snapshot_date as date) as snapshot_date) from made_up"
            )
            connection.unregister("made_up")
