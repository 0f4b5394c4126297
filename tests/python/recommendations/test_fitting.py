"""From the tables of a split to lists: what is chosen, fitted, stored and listed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from music_box import parallel
from music_box.artifacts import ArtifactError
from music_box.recommendations import tuning as tuning_of_batches
from music_box.recommendations.tuning import MEMBERS
from music_box.recommendations.warehouse import lists as warehouse_lists
from music_box.recommendations.warehouse.chosen import (
    BLEND,
    JUDGED_ALONE,
    KINDS,
    REPORT_WEIGHTS,
    SERVED,
    TUNING_TYPES,
    Chosen,
    Settings,
    choose,
)
from music_box.recommendations.warehouse.contents import (
    cluster_members_of,
    neighbors_of,
    weights_of,
)
from music_box.recommendations.warehouse.fits import FIT_TYPES, fits_of_served, fitted_of
from music_box.recommendations.warehouse.in_sample import in_sample_errors
from music_box.recommendations.warehouse.lists import judged_lists, served_lists
from music_box.recommendations.warehouse.split_data import LIST_TYPES, Key, SplitData, split_data
from scipy import sparse
from sklearn.metrics import ndcg_score
from sklearn.metrics.pairwise import cosine_similarity
from threadpoolctl import threadpool_limits

from recommendations import planted

USERS, SONGS, PLACES = 100, 40, 12
# ids in no order; the first half is what the first half of the users likes
SONG_IDS = np.random.default_rng(99).permutation(SONGS) * 7 + 11
DATE = pd.Timestamp("2017-05-12")
SETTINGS = Settings(
    seed=1, tries=2, tuning_users=1_000, learning_users=1_000, clusters=2, places=PLACES
)
# one source alone, so that its lists can be told without this package
POPULARITY = pd.DataFrame({"recommender": ["popularity"], "weight": [1.0]})
REPORTS = pd.DataFrame(
    {"recommender": ["popularity", "item_item", "overlap"], "weight": [0.6, 0.2, 0.2]}
)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    # threads of linear algebra cost more than they give where matrices are this small
    with threadpool_limits(1):
        yield


def user_id(row: Any) -> Any:
    """Of one row or of many."""
    return 1_000 + 3 * row


def tables(split: str, seed: int) -> dict[str, pd.DataFrame]:
    """Tables of users with two tastes, in no order."""
    generator = np.random.default_rng(seed)
    ratings = planted.taste(USERS, SONGS, seed=seed).toarray()
    songs = SONG_IDS
    row, column = np.nonzero(ratings)
    rating = ratings[row, column].astype(np.int64)
    examples = pd.DataFrame({"user_id": user_id(row), "song_id": songs[column], "rating": rating})
    is_validation = generator.random(len(rating)) < 0.25
    examples["tuning_rating"] = pd.array(np.where(is_validation, None, rating), "Int64")
    # some of the songs of one's own group, which would be listed otherwise
    is_disliked = (ratings == 0) & (planted.taste(USERS, SONGS, seed=50, share=0.1).toarray() > 0)
    row, column = np.nonzero(is_disliked)
    popularity = np.argsort(np.argsort(-(ratings > 0).sum(axis=0), kind="stable"))
    catalogue = pd.DataFrame({"song_id": songs, "popularity_rank": popularity + 1})
    users = pd.DataFrame({"user_id": user_id(np.arange(USERS)), "is_in_matrix": True})
    users["is_evaluated"] = (np.arange(USERS) % 3 == 0) & (split != "serve")
    # songs have come since the temporal split
    if split == "serve":
        new = pd.DataFrame({"song_id": [5, 6], "popularity_rank": [0, 99]})
        catalogue = pd.concat([new, catalogue])
    return {
        "examples": examples.sample(frac=1, random_state=seed),
        "users": users.sample(frac=1, random_state=seed),
        "catalogue": catalogue.sample(frac=1, random_state=seed),
        "dislikes": pd.DataFrame({"user_id": user_id(row), "song_id": songs[column]}),
    }


def split_of(split: str, seed: int) -> SplitData:
    return split_data(**tables(split, seed), liked_rating=4, key=Key(DATE, split))


@pytest.fixture(scope="module")
def splits() -> list[SplitData]:
    return [split_of("temporal", 1), split_of("serve", 2)]


@pytest.fixture(scope="module")
def tuning(splits: list[SplitData]) -> pd.DataFrame:
    return choose(splits, POPULARITY, SETTINGS)


def together(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def fits(splits: list[SplitData], tuning: pd.DataFrame) -> pd.DataFrame:
    return fits_of_served(splits, tuning, SETTINGS)


@pytest.fixture(scope="module")
def served(splits: list[SplitData], fits: pd.DataFrame, tuning: pd.DataFrame) -> pd.DataFrame:
    return together(served_lists(splits, fits, tuning, SETTINGS))


@pytest.fixture(scope="module")
def judged(splits: list[SplitData], tuning: pd.DataFrame) -> pd.DataFrame:
    return together(judged_lists(splits, tuning, SETTINGS))


# --- Matrices -----------------------------------------------------------------------------------


def hand_made(split: str) -> SplitData:
    examples = [
        (10, 5, 5, 5),
        (10, 7, 4, None),
        (20, 9, 3, None),
        (20, 5, 5, 3),
        (30, 7, 2, 2),
        (30, 5, 5, None),
        # outside the matrix, outside the catalogue
        (40, 5, 5, None),
        (10, 99, 5, 5),
    ]
    return split_data(
        pd.DataFrame(examples, columns=["user_id", "song_id", "rating", "tuning_rating"]),
        pd.DataFrame(
            {
                "user_id": [30, 10, 40, 20],
                "is_in_matrix": [True, True, False, True],
                "is_evaluated": [False, True, True, False],
            }
        ),
        pd.DataFrame({"song_id": [7, 9, 5], "popularity_rank": [2, 3, 1]}),
        pd.DataFrame({"user_id": [10, 40, 20], "song_id": [9, 9, 99]}),
        4,
        Key(DATE, split),
    )


def test_matrices_hold_what_the_tables_say() -> None:
    data = hand_made("temporal")
    assert (data.snapshot_date, data.split) == (DATE, "temporal")
    np.testing.assert_array_equal(data.users, [10, 20, 30])
    np.testing.assert_array_equal(data.songs, [5, 7, 9])
    np.testing.assert_array_equal(data.ratings.toarray(), [[5, 4, 0], [5, 0, 3], [5, 2, 0]])
    np.testing.assert_array_equal(data.tuning_ratings.toarray(), [[5, 0, 0], [3, 0, 0], [0, 2, 0]])
    # of the validation part what is liked, and nothing else
    np.testing.assert_array_equal(data.hidden.toarray() > 0, [[0, 1, 0], [0, 0, 0], [1, 0, 0]])
    np.testing.assert_array_equal(data.disliked.toarray(), [[0, 0, 1], [0, 0, 0], [0, 0, 0]])


def test_lists_are_for_the_evaluated_and_what_is_served_for_everybody() -> None:
    np.testing.assert_array_equal(hand_made("temporal").is_listed, [True, False, False])
    np.testing.assert_array_equal(hand_made("serve").is_listed, [True, True, True])


def test_hidden_songs_are_not_among_those_that_tuning_knows() -> None:
    data = split_of("temporal", 3)
    assert data.hidden.nnz > 50
    assert data.hidden.multiply(data.tuning_ratings).nnz == 0
    assert (data.ratings[data.hidden.nonzero()] >= 4).all()


# --- Choosing -----------------------------------------------------------------------------------


def test_the_served_list_uses_what_was_chosen_for_the_temporal_split(
    splits: list[SplitData], tuning: pd.DataFrame, fits: pd.DataFrame
) -> None:
    assert list(tuning.columns) == list(TUNING_TYPES)
    assert set(tuning["split"]) == {"temporal"}
    assert sorted(tuning["recommender"]) == sorted([*KINDS, BLEND, REPORT_WEIGHTS])
    chosen = Chosen.of(tuning, "serve")
    assert chosen.parameters == Chosen.of(tuning, "temporal").parameters
    np.testing.assert_array_equal(chosen.songs, splits[0].songs)
    by_name = fits.set_index("recommender")["parameters"].map(json.loads)
    assert by_name.to_dict() == {name: chosen.parameters[name] for name in SERVED}


def test_without_a_temporal_split_what_is_served_is_tuned_on_its_own() -> None:
    serve = split_of("serve", 2)
    tuning = choose([serve], REPORTS, replace(SETTINGS, tries=1))
    assert set(tuning["split"]) == {"serve"}
    np.testing.assert_array_equal(Chosen.of(tuning, "serve").songs, serve.songs)
    reached = tuning.set_index("recommender")["decision_ndcg"]
    assert 0 < reached[REPORT_WEIGHTS] < 1


def test_choices_are_judged_on_hidden_songs(splits: list[SplitData], tuning: pd.DataFrame) -> None:
    data = splits[0]
    judged = np.flatnonzero(data.hidden.getnnz(1))
    known = data.tuning_ratings.toarray()
    is_excluded = (known > 0) | (data.disliked.toarray() > 0)
    # of equally popular songs the first of the columns comes first
    popular = (known > 0).sum(axis=0) - np.arange(SONGS) / 1_000
    scores = np.where(is_excluded, -1e9, popular)
    expected = ndcg_score(data.hidden.toarray()[judged] > 0, scores[judged], k=10)
    rows = tuning.set_index("recommender")
    assert rows.loc[REPORT_WEIGHTS, "decision_ndcg"] == pytest.approx(expected, abs=1e-9)
    assert rows.loc[list(KINDS), "validation_ndcg"].between(0.01, 1).all()
    assert rows.loc[list(MEMBERS), "decision_ndcg"].max() > expected
    # all users tune and decide here: both are the same number
    np.testing.assert_allclose(
        rows.loc[list(MEMBERS), "decision_ndcg"].astype(float),
        rows.loc[list(MEMBERS), "validation_ndcg"].astype(float),
        atol=1e-6,
    )


def test_without_anything_hidden_the_defaults_are_chosen_and_weights_are_equal() -> None:
    data = split_of("temporal", 1)
    nothing = sparse.csr_matrix(data.hidden.shape, dtype=np.float32)
    tuning = choose([replace(data, hidden=nothing)], REPORTS, replace(SETTINGS, tries=1))
    assert tuning["decision_ndcg"].isna().all()
    weights = Chosen.of(tuning, "temporal").weights["weights"]
    assert weights == pytest.approx(dict.fromkeys(MEMBERS, 0.2))
    for name, parameters in Chosen.of(tuning, "temporal").parameters.items():
        assert parameters == KINDS[name].recommender.defaults


def test_clusters_are_found_whatever_the_order_of_songs(
    splits: list[SplitData], tuning: pd.DataFrame
) -> None:
    temporal, chosen = splits[0], Chosen.of(tuning, "temporal")
    own = chosen.user_clusters(temporal)
    np.testing.assert_array_equal(own, chosen.clusters.assign(temporal.ratings))
    assert len(set(own[:50])) == len(set(own[50:])) == 1 and len(set(own)) == 2
    order = np.random.default_rng(1).permutation(SONGS)
    ratings = sparse.hstack([sparse.csr_matrix((USERS, 1)), temporal.ratings[:, order]], "csr")
    other = replace(temporal, songs=np.append(4, temporal.songs[order]), ratings=ratings)
    np.testing.assert_array_equal(chosen.user_clusters(other), own)
    # songs that have gone count as not taken
    first = replace(temporal, songs=temporal.songs[:25], ratings=temporal.ratings[:, :25])
    kept = temporal.ratings.toarray()
    kept[:, 25:] = 0
    expected = chosen.clusters.assign(sparse.csr_matrix(kept))
    np.testing.assert_array_equal(chosen.user_clusters(first), expected)


# --- Fitting ------------------------------------------------------------------------------------


def test_what_is_served_is_fitted_on_all_ratings_of_its_own_split(
    splits: list[SplitData], fits: pd.DataFrame
) -> None:
    serve = splits[1]
    assert list(fits.columns) == list(FIT_TYPES)
    assert set(fits["split"]) == {"serve"} and sorted(fits["recommender"]) == sorted(SERVED)
    assert set(fits["fit_users"]) == {USERS} and set(fits["fit_songs"]) == {SONGS + 2}
    for name, stored in fitted_of(fits, SERVED).items():
        again = KINDS[name].recommender(**stored.parameters)
        again.fit(serve.ratings, SETTINGS.seed)
        np.testing.assert_array_equal(stored.scores(serve.ratings), again.scores(serve.ratings))


def tampered(table: pd.DataFrame, recommender: str) -> pd.DataFrame:
    """The table with one byte of this recommender's artifact changed."""

    def changed(row: Any) -> Any:
        if row["recommender"] != recommender:
            return row["artifact"]
        content = bytearray(row["artifact"])
        content[len(content) // 2] ^= 1
        return bytes(content)

    return table.assign(artifact=table.apply(changed, axis=1))


@pytest.mark.parametrize("name", SERVED)
def test_a_tampered_recommender_is_refused(fits: pd.DataFrame, name: str) -> None:
    with pytest.raises(ArtifactError, match=rf"artifact of {name}, snapshot 2017-05-12 is not"):
        fitted_of(tampered(fits, name), SERVED)


def test_tampered_clusters_are_refused(
    splits: list[SplitData], fits: pd.DataFrame, tuning: pd.DataFrame
) -> None:
    damaged = tampered(tuning, BLEND)
    with pytest.raises(ArtifactError, match=rf"artifact of {BLEND}, snapshot 2017-05-12 is not"):
        together(served_lists(splits, fits, damaged, SETTINGS))
    with pytest.raises(ArtifactError, match="fit again"):
        together(judged_lists(splits, damaged, SETTINGS))


# --- Lists --------------------------------------------------------------------------------------


def not_to_be_listed(split: str, seed: int) -> set[tuple[int, int]]:
    """Pairs of a user and a song that they have rated or dislike, as the tables say."""
    given = tables(split, seed)
    pairs = pd.concat([given["examples"], given["dislikes"]])[["user_id", "song_id"]]
    return set(pairs.itertuples(index=False, name=None))


@pytest.mark.parametrize(("kind", "names"), [("served", SERVED), ("judged", KINDS)])
def test_lists_are_lists(kind: str, names: Collection[str], request: pytest.FixtureRequest) -> None:
    listed = request.getfixturevalue(kind)
    assert list(listed.columns) == list(LIST_TYPES)
    assert set(listed["recommender"]) == {*names, BLEND}
    assert not listed.duplicated(["recommender", "user_id", "song_id"]).any()
    assert np.isfinite(listed["score"]).all()
    for _, one in listed.groupby(["recommender", "user_id"]):
        np.testing.assert_array_equal(one["rank"], np.arange(len(one)) + 1)
        assert (one["score"].diff().dropna() <= 0).all() and len(one) == PLACES


def test_lists_of_a_recommender_follow_each_other(
    splits: list[SplitData],
    fits: pd.DataFrame,
    tuning: pd.DataFrame,
    served: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that a database need not read all of them for one."""
    monkeypatch.setattr(warehouse_lists, "_WRITTEN_USERS", 25)
    monkeypatch.setattr(
        warehouse_lists, "batches", lambda users, _: np.array_split(users, USERS // 10)
    )
    frames = list(served_lists(splits, fits, tuning, SETTINGS))
    assert [frame["recommender"].nunique() for frame in frames] == [1] * len(frames)
    # three batches of ten users at a time
    assert len(frames) == len([*SERVED, BLEND]) * -(-USERS // 30)
    # other batches round otherwise: which of two equal songs comes first may change
    places = ["recommender", "user_id", "rank"]
    again = together(iter(frames))[places].sort_values(places, ignore_index=True)
    pd.testing.assert_frame_equal(again, served[places].sort_values(places, ignore_index=True))


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_lists_are_the_same_however_many_threads_memory_has_room_for(
    splits: list[SplitData], tuning: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(tuning_of_batches, "_BATCH_FLOATS", 10 * SONGS)
    monkeypatch.setattr(parallel, "workers", lambda _: 2)
    expected = pd.concat(judged_lists(splits, tuning, SETTINGS))
    monkeypatch.setattr(parallel, "workers", lambda _: threads)
    pd.testing.assert_frame_equal(
        pd.concat(judged_lists(splits, tuning, SETTINGS)), expected, check_exact=True
    )


def test_what_is_judged_alone_is_not_served(served: pd.DataFrame, judged: pd.DataFrame) -> None:
    assert JUDGED_ALONE in set(judged["recommender"]) - set(served["recommender"])


def test_nobody_is_recommended_what_he_has_rated_or_dislikes(
    served: pd.DataFrame, judged: pd.DataFrame
) -> None:
    for listed, split, seed in ((served, "serve", 2), (judged, "temporal", 1)):
        forbidden = not_to_be_listed(split, seed)
        pairs = set(listed[["user_id", "song_id"]].itertuples(index=False, name=None))
        assert len(forbidden) > 900 and not pairs & forbidden


def test_everybody_is_served_and_the_evaluated_are_judged(
    served: pd.DataFrame, judged: pd.DataFrame
) -> None:
    assert set(served["split"]) == {"serve"} and set(judged["split"]) == {"temporal"}
    assert set(served["user_id"]) == {user_id(row) for row in range(USERS)}
    assert set(judged["user_id"]) == {user_id(row) for row in range(0, USERS, 3)}


def test_lists_are_the_best_scores_of_what_was_fitted(
    splits: list[SplitData], fits: pd.DataFrame, served: pd.DataFrame
) -> None:
    serve = splits[1]
    is_excluded = (serve.ratings.toarray() > 0) | (serve.disliked.toarray() > 0)
    for name, recommender in fitted_of(fits, SERVED).items():
        scores = np.where(is_excluded, -np.inf, recommender.scores(serve.ratings))
        best = np.argsort(-scores, axis=1, kind="stable")[:, :PLACES]
        one = served[served["recommender"] == name].sort_values(["user_id", "rank"])
        found = pd.Index(serve.songs).get_indexer(pd.Index(one["song_id"])).reshape(USERS, PLACES)
        # standardised scores may tie where scores nearly do
        reached = np.take_along_axis(scores, found, 1)
        expected = np.take_along_axis(scores, best, 1)
        np.testing.assert_allclose(reached, expected, rtol=1e-4, atol=1e-5)


def test_everybody_is_served_what_his_group_likes(served: pd.DataFrame) -> None:
    top = served[(served["rank"] <= 3) & (served["recommender"] == BLEND)]
    is_of_first = top["song_id"].isin(SONG_IDS[: SONGS // 2])
    assert (is_of_first == (top["user_id"] < user_id(USERS // 2))).mean() > 0.95


def test_lists_do_not_depend_on_what_was_hidden(
    splits: list[SplitData], tuning: pd.DataFrame, judged: pd.DataFrame
) -> None:
    nothing = sparse.csr_matrix(splits[0].hidden.shape, dtype=np.float32)
    forgetful = replace(splits[0], hidden=nothing, tuning_ratings=nothing)
    pd.testing.assert_frame_equal(together(judged_lists([forgetful], tuning, SETTINGS)), judged)


def test_nothing_gives_nothing(splits: list[SplitData], tuning: pd.DataFrame) -> None:
    assert choose([], REPORTS, SETTINGS).empty
    only_judged = splits[:1]
    fits = fits_of_served(only_judged, tuning, SETTINGS)
    assert fits.empty and list(fits.columns) == list(FIT_TYPES)
    assert not list(served_lists(only_judged, fits, tuning, SETTINGS))
    assert not list(judged_lists(splits[1:], tuning, SETTINGS))
    unlisted = replace(splits[0], is_listed=np.zeros(USERS, bool))
    assert not list(judged_lists([unlisted], tuning, SETTINGS))


# --- As tables ----------------------------------------------------------------------------------


def test_neighbours_are_those_of_the_cosine(splits: list[SplitData], fits: pd.DataFrame) -> None:
    serve = splits[1]
    ours = neighbors_of(fits, tables("serve", 2)["catalogue"])
    similarity = cosine_similarity(serve.ratings.toarray().T)
    np.fill_diagonal(similarity, 0)
    assert len(ours) == (similarity > 0).sum(), "fewer songs than neighbours: all of them are"
    index = pd.Index(serve.songs)
    row, column = (
        index.get_indexer(pd.Index(ours[name])) for name in ("song_id", "neighbor_song_id")
    )
    np.testing.assert_allclose(ours["similarity"], similarity[row, column], rtol=1e-5)
    for _, one in ours.groupby("song_id"):
        np.testing.assert_array_equal(one["neighbor_rank"], np.arange(len(one)) + 1)
        assert (one["similarity"].diff().dropna() <= 0).all()


def test_weights_and_clusters_are_those_that_were_chosen(
    splits: list[SplitData], tuning: pd.DataFrame
) -> None:
    names = pd.DataFrame({"snapshot_date": [DATE] * 2, "split": ["temporal", "serve"]})
    weights = weights_of(tuning, names)
    assert weights.groupby(["split", "cluster"], dropna=False)["weight"].sum().to_numpy() == (
        pytest.approx(1)
    )
    temporal, serve = (
        weights[weights["split"] == name].drop(columns="split") for name in names["split"]
    )
    pd.testing.assert_frame_equal(*(one.reset_index(drop=True) for one in (temporal, serve)))
    members = cluster_members_of(tuning, splits[1:])
    assert set(members["cluster"]) == set(weights["cluster"].dropna())
    assert members["user_id"].tolist() == [user_id(row) for row in range(USERS)]


def test_errors_on_what_was_learnt_from_are_those_of_the_predictions() -> None:
    ratings = tables("temporal", 1)["examples"]
    errors = in_sample_errors(ratings, pd.DataFrame({"snapshot_date": [DATE]}), 200, seed=1)
    values = errors.set_index(["recommender", "metric"])["value"]
    # with as many factors as songs the decomposition is the matrix itself
    assert values["truncated_svd"].max() < 1e-3
    table = ratings.pivot_table(index="user_id", columns="song_id", values="rating", fill_value=0)
    dense = table.to_numpy(float)
    similarity = cosine_similarity(dense.T)
    np.fill_diagonal(similarity, 0)
    total, weight = dense @ similarity, (dense > 0) @ similarity
    missed = np.where(dense > 0, total / np.maximum(weight, 1e-9) - dense, np.nan)
    expected = {
        "rmse": np.sqrt(np.nanmean(missed**2)),
        "mean_absolute_error": np.nanmean(np.abs(missed)),
        "mean_user_rmse": np.sqrt(np.nanmean(missed**2, axis=1)).mean(),
        "mean_user_mean_absolute_error": np.nanmean(np.abs(missed), axis=1).mean(),
    }
    assert values["item_item"].to_dict() == pytest.approx(expected, rel=1e-4)
    empty = in_sample_errors(ratings[:0], pd.DataFrame({"snapshot_date": []}), 5, seed=1)
    assert empty.empty
