"""The lists that people see, worked out once more in plain Python from made-up candidates."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Warehouse, run_dbt

from recommendations import fake_service

MODELS = """
    recommendation_policies recommendation_choices recommendation_choice_scores song_contexts
    recommendation_ranks recommendation_nearest_songs recommendation_reasons recommendations.sql
    churn_recommended_songs user_cluster_singers user_cluster_weights user_clusters
    song_style_shares song_styles assert_final_list_is_full
    assert_final_list_is_new_and_not_disliked assert_final_list_keeps_the_order_of_its_policy
""".split()
SETTINGS: dict[str, Any] = {
    "recommended_songs": 10,
    "reranked_candidates": 20,
    "dislike_penalty": 5,
    "context_weight": 1,
    "context_shrinkage": 10,
    "liked_rating": 4,
    "style_songs": 4,
    "recommendation_policy": "best",
}
CONTEXTS = ("any", "weekday", "weekend")


def build_upon(tables: dict[str, pd.DataFrame], folder: Path, policy: str) -> Warehouse:
    """A warehouse with these tables, and what the models make of them."""
    fake_service.write(folder, tables)
    built = run_dbt(
        folder / "no_logs", folder, "build", "--exclude-resource-type", "unit_test",
        "--vars", json.dumps(SETTINGS | {"recommendation_policy": policy}), "--select", *MODELS,
    )  # fmt: skip
    assert built.return_code == 0, built.output
    return built


@pytest.fixture(scope="module", params=["learnt_blend", "report_weights", "popularity"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, pd.DataFrame], Warehouse]:
    """The policy that should be chosen, the tables made up, and what follows from them."""
    policy = request.param
    tables = fake_service.fake_tables()
    name = "recommendations.blend_decisions"
    if policy == "popularity":
        tables[name] = tables[name][:0]
    wanted = "report_weights" if policy == "report_weights" else "best"
    return policy, tables, build_upon(tables, tmp_path_factory.mktemp("warehouse"), wanted)


def records(table: pd.DataFrame) -> list[Any]:
    """Rows with their values by name."""
    return list(table.itertuples(index=False))


class Service:
    """The made-up tables as dictionaries, and the lists that follow from them."""

    def __init__(self, policy: str, tables: dict[str, pd.DataFrame]) -> None:
        table = {name.split(".")[1]: content for name, content in tables.items()}
        self.policy = policy
        self.users = table["recommendation_users"].set_index("user_id")
        self.songs = table["songs"].set_index("song_id")
        self.disliked = defaultdict(set)
        for row in records(table["song_dislikes"]):
            self.disliked[row.user_id].add(row.song_id)
        self.rated: dict[int, dict[int, Any]] = defaultdict(dict)
        for row in records(table["user_song_ratings"]):
            self.rated[row.user_id][row.song_id] = row
        self.neighbors: dict[int, dict[int, float]] = defaultdict(dict)
        for row in records(table["song_neighbors"]):
            self.neighbors[row.song_id][row.neighbor_song_id] = row.similarity
        self.lists: dict[tuple[str, int], list[tuple[int, float]]] = defaultdict(list)
        lists = table["recommendation_candidates"]
        for row in records(lists[lists["split"] == "serve"].sort_values("rank")):
            self.lists[row.recommender, row.user_id].append((row.song_id, row.score))
        self.lift = lifts(
            table["int_snapshot_user_songs"], set(self.songs.index[: fake_service.CATALOGUE])
        )

    def best(self, recommender: str, user_id: int) -> list[tuple[int, float]]:
        """Best candidates that the user does not dislike."""
        liked = [
            candidate
            for candidate in self.lists[recommender, user_id]
            if candidate[0] not in self.disliked[user_id]
        ]
        return liked[: SETTINGS["reranked_candidates"]]

    def proposals(self, user_id: int) -> list[tuple[str, list[tuple[int, float]]]]:
        """Who proposes what, in the order of their right to the list."""
        in_matrix = self.users.loc[user_id, "is_in_matrix"]
        policy = self.policy if in_matrix else "popularity"
        own = self.best(policy, user_id)
        proposals = [(policy, own)]
        if len(own) < SETTINGS["recommended_songs"] and policy != "popularity":
            taken = {song_id for song_id, _ in own}
            popular = [pair for pair in self.best("popularity", user_id) if pair[0] not in taken]
            proposals.append(("popularity", popular))
        return proposals

    def ranked(self, user_id: int, context: str) -> list[tuple[int, float, str]]:
        """The list of a user: songs with score and proposer."""
        ranked: list[tuple[int, float, str]] = []
        for policy, candidates in self.proposals(user_id):
            scores = np.array([score for _, score in candidates])
            spread = scores.std() if len(scores) else 0
            scored = []
            for song_id, score in candidates:
                near = [
                    self.neighbors[song_id][other]
                    for other in self.disliked[user_id] & self.neighbors[song_id].keys()
                ]
                standard = (score - scores.mean()) / spread if spread > 1e-9 else 0.0
                moved = standard - SETTINGS["dislike_penalty"] * max(near, default=0)
                moved += SETTINGS["context_weight"] * self.lift[context].get(song_id, 0.0)
                scored.append((song_id, round(moved, 9), policy))
            ranked += sorted(scored, key=lambda place: -place[1])
        return ranked[: SETTINGS["recommended_songs"]]

    def title(self, song_id: int, unnamed: str) -> str | None:
        """Name by singer, as far as they are known."""
        song: Any = self.songs.loc[song_id].to_dict()
        name, singer = song["song_name"], song["singer"]
        if pd.isna(name) and pd.isna(singer) and unnamed == "a song":
            return None
        return (unnamed if pd.isna(name) else name) + ("" if pd.isna(singer) else f" by {singer}")

    def reason(self, user_id: int, song_id: int, policy: str) -> str:
        """Why the song is in the list."""
        if policy == "popularity":
            return "many listeners play it"
        rated = {
            own: row for own, row in self.rated[user_id].items()
            if own not in self.disliked[user_id]
        }  # fmt: skip
        near = [
            (-similarity * rated[own].rating, -rated[own].rating, own)
            for own, similarity in self.neighbors[song_id].items()
            if own in rated and self.title(own, "a song")
        ]
        if near:
            own = min(near)[2]
            row = rated[own]
            verb = "listened to"
            if row.plays and row.play_score >= SETTINGS["liked_rating"]:
                verb = "finished"
            if row.downloads:
                verb = "downloaded"
            if row.is_liked:
                verb = "like"
            return f"because you {verb} {self.title(own, 'a song')}"
        singer: Any = self.songs.loc[song_id, "singer"]
        if not pd.isna(singer) and singer in set(self.songs.loc[list(rated), "singer"]):
            return f"because you listen to {singer}"
        return "listeners like you play it"


def lifts(plays: pd.DataFrame, catalogue: set[int]) -> dict[str, dict[int, float]]:
    """Logarithm of the lift of each song in each context."""
    plays = plays[plays["song_id"].isin(catalogue)]
    usual = plays["weekend_plays"].sum() / plays["plays"].sum()
    extra = SETTINGS["context_shrinkage"]
    found: dict[str, dict[int, float]] = {"any": {}, "weekday": {}, "weekend": {}}
    for row in records(plays):
        share = (row.weekend_plays + extra * usual) / (row.plays + extra)
        found["weekend"][row.song_id] = math.log(share / usual)
        found["weekday"][row.song_id] = math.log((1 - share) / (1 - usual))
    return found


def actual_lists(warehouse: Warehouse) -> pd.DataFrame:
    return warehouse.query("from recommendations.recommendations order by user_id, context, rank")


def test_lists_are_what_plain_python_says(served: tuple) -> None:
    policy, tables, warehouse = served
    service = Service(policy, tables)
    expected = [
        (user_id, context, rank, song_id, score, proposer)
        for user_id in range(1, fake_service.USERS + 1)
        for context in CONTEXTS
        for rank, (song_id, score, proposer) in enumerate(service.ranked(user_id, context), start=1)
    ]
    actual = actual_lists(warehouse)
    columns = ["user_id", "context", "rank", "song_id", "policy"]
    assert list(actual[columns].itertuples(index=False, name=None)) == [
        (*row[:4], row[5]) for row in expected
    ]
    np.testing.assert_allclose(actual["score"], [row[4] for row in expected], atol=1e-8)
    assert set(actual["policy"]) == {policy, "popularity"}


def test_reasons_are_what_plain_python_says(served: tuple) -> None:
    policy, tables, warehouse = served
    service = Service(policy, tables)
    actual = actual_lists(warehouse)
    assert actual["reason"].tolist() == [
        service.reason(row.user_id, row.song_id, row.policy) for row in records(actual)
    ]
    kinds = actual["reason"].str.extract(r"^(because you (?:listen to|[a-z]+)|listeners|many)")[0]
    if policy == "popularity":
        assert set(kinds) == {"many"}
    else:
        assert {"because you like", "because you downloaded", "because you finished"} < set(kinds)
        assert {"because you listened", "because you listen to", "listeners"} < set(kinds)


def test_lists_are_full_new_and_without_duplicates(served: tuple) -> None:
    _, tables, warehouse = served
    actual = actual_lists(warehouse)
    known = {
        pair
        for name in ("user_song_ratings", "song_dislikes")
        for pair in fake_service.pairs(tables[f"recommendations.{name}"])
    }
    assert not known & set(fake_service.pairs(actual))
    assert not actual.duplicated(["user_id", "context", "song_id"]).any()
    assert actual["song_id"].max() <= fake_service.CATALOGUE
    for user_id in range(1, fake_service.USERS + 1):
        available = sum(
            (user_id, song_id) not in known for song_id in range(1, fake_service.CATALOGUE + 1)
        )
        for context in CONTEXTS:
            places = actual[(actual["user_id"] == user_id) & (actual["context"] == context)]
            assert places["rank"].tolist() == list(range(1, min(10, available) + 1))
    assert (actual["user_id"] == fake_service.KNOWS_NEARLY_ALL).sum() == 3 * 4


def test_who_proposes_a_song_depends_on_the_user(served: tuple) -> None:
    policy, _, warehouse = served
    actual = actual_lists(warehouse)
    proposers = actual[actual["context"] == "any"].groupby("user_id")["policy"].agg(list)
    assert proposers[fake_service.COLD] == ["popularity"] * 10
    assert proposers[fake_service.SILENT] == ["popularity"] * 10
    assert proposers[fake_service.UNLISTED] == ["popularity"] * 10
    assert proposers[fake_service.SHORT] == [policy] * 3 + ["popularity"] * 7
    assert proposers[fake_service.ALL_DISLIKED] == [policy] * 10
    # nothing that the user has played is given as their taste
    told = actual.loc[actual["user_id"] == fake_service.ALL_DISLIKED, "reason"]
    assert not told.str.startswith("because").any()


def test_a_disliked_song_goes_and_its_neighbour_sinks(served: tuple) -> None:
    policy, _, warehouse = served
    actual = actual_lists(warehouse)
    lists = actual[actual["context"] == "any"].groupby("user_id")["song_id"].agg(list)
    disliked, near = fake_service.DISLIKED_SONG, fake_service.NEAR_SONG
    assert disliked not in lists[fake_service.DISLIKER]
    assert near not in lists[fake_service.DISLIKER]
    # the twin's list begins with both of them, unless it is the one of everybody
    if policy != "popularity":
        assert lists[fake_service.TWIN][:2] == [disliked, near]
        assert lists[fake_service.DISLIKER][:8] == lists[fake_service.TWIN][2:]


def test_contexts_differ_by_what_the_song_gains_there_and_nothing_else(served: tuple) -> None:
    _, _, warehouse = served
    actual = actual_lists(warehouse)
    any_day = actual[actual["context"] == "any"].set_index(["user_id", "song_id"])["score"]
    others = actual[actual["context"] != "any"].join(
        any_day.rename("any_score"), on=["user_id", "song_id"], how="inner"
    )
    gains = (others["score"] - others["any_score"]).round(9)
    by_song = gains.groupby([others["song_id"], others["context"]])
    assert (by_song.max() == by_song.min()).all()
    assert (gains != 0).any()
    # where all scores tie, weekends are in the order of the gains
    ties = actual[(actual["user_id"] == fake_service.TIES) & (actual["context"] == "weekend")]
    assert ties["score"].is_monotonic_decreasing


def test_letters_name_the_first_three_songs(served: tuple) -> None:
    policy, tables, warehouse = served
    service = Service(policy, tables)
    rows = warehouse.rows(
        """
        select user_id, recommended_song_1, recommended_song_2, recommended_song_3
        from churn.churn_recommended_songs order by user_id
        """
    )
    assert [row[0] for row in rows] == list(range(1, fake_service.USERS + 1))
    for user_id, *titles in rows:
        songs = [place[0] for place in service.ranked(user_id, "any")[:3]]
        assert titles == [service.title(song_id, f"song {song_id}") for song_id in songs]


def test_clusters_and_styles_are_what_pandas_says(served: tuple) -> None:
    _, tables, warehouse = served
    members = tables["recommendations.user_cluster_members"]
    clusters = warehouse.query("from recommendations.user_clusters").set_index("cluster")
    assert clusters["users"].sort_index().tolist() == (
        members["cluster"].value_counts().sort_index().tolist()
    )
    assert math.isclose(clusters["user_share"].sum(), 1)
    assert clusters["blend"].sort_index().tolist() == [
        "als 0.70, nmf 0.30", "als 1", "als 0.70, nmf 0.30",
    ]  # fmt: skip

    def nmf(table: str) -> pd.DataFrame:
        values = tables[f"recommendations.{table}"]
        return values[values["recommender"] == "nmf"]

    sums = nmf("song_factors").groupby("factor")["value"].sum()
    sums *= nmf("user_factors").groupby("factor")["value"].sum()
    largest = nmf("song_factors").sort_values(
        ["factor", "value", "song_id"], ascending=[True, False, True]
    )
    largest = largest.groupby("factor").head(SETTINGS["style_songs"])
    styles = warehouse.query("from recommendations.song_styles order by style, song_rank")
    assert styles["song_id"].tolist() == largest["song_id"].tolist()
    assert styles["loading"].tolist() == largest["value"].tolist()
    shares = styles["style"].map(sums / sums.sum())
    np.testing.assert_allclose(styles["style_share"], shares, rtol=1e-12)


def test_nobody_to_serve_gives_empty_tables(tmp_path: Path) -> None:
    """A warehouse without any snapshot."""
    tables = {name: table[:0] for name, table in fake_service.fake_tables().items()}
    warehouse = build_upon(tables, tmp_path, "best")
    for table in ("recommendations", "user_clusters", "song_styles", "recommendation_policies"):
        assert warehouse.rows(f"from recommendations.{table}") == []
