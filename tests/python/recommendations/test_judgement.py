"""How recommenders are judged, in SQL, against scikit-learn, plain loops and answers on paper."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import run_dbt
from scipy import stats
from simulation import UPPER_SHARE
from sklearn.metrics import ndcg_score

from recommendations import fake_lists
from recommendations.fake_lists import CATALOGUE, Inputs

MODELS = [
    "report_weights_sources",
    "report_weights_lists",
    "recommendation_candidates",
    "recommendation_relevant_songs",
    "recommendation_judged_users",
    "recommendation_list_novelty",
    "recommendation_hits",
    "recommendation_user_metrics",
    "recommender_bootstrap_weights",
    "recommender_metric_replicates",
    "recommender_coverage",
    "recommender_metrics",
    "recommender_comparisons",
    "recommender_overlap",
]
# what may know the test: it judges, and nobody learns or recommends from it
JUDGES = {
    "recommendation_relevant_songs",
    "recommendation_judged_users",
    "recommendation_hits",
    "recommendation_user_metrics",
    "recommender_bootstrap_weights",
    "recommender_metric_replicates",
    "recommender_coverage",
    "recommender_metrics",
    "recommender_comparisons",
}
CUTS = [10, 20, 100]
TASKS = [("temporal", "discovery"), ("temporal", "listening"), ("random", "discovery")]
EVALUATION = ["split", "task", "user_group", "recommender"]
Tables = dict[str, pd.DataFrame]
Weights = dict[int, int]


def read(folder: Path) -> Tables:
    with duckdb.connect(str(folder / "music_box.duckdb"), read_only=True) as connection:
        return {
            name: connection.sql(f"select * from recommendations.{name} order by all").df()
            for name in MODELS
        }


def paper() -> Inputs:
    """Seven users whose answers are worked out by hand; scores all tie, the rank decides."""
    inputs = fake_lists.empty()
    inputs["recommendation_users"] = pd.DataFrame(
        [
            (fake_lists.TRAINING, split, user, 6, user != 6, True)
            for split in ("temporal", "random")
            for user in range(1, 8)
        ],
        columns=list(fake_lists.TYPES["recommendation_users"]),
    )
    relevant = {2: [11, 12], 3: [11, 999], 4: range(11, 23), 5: [11], 6: [11]}
    pairs = [
        ("random", user, song, False, True) for user, songs in relevant.items() for song in songs
    ]
    # nothing liked, and nothing new
    pairs += [("random", 1, 11, False, False), ("temporal", 7, 50, True, True)]
    # liked: a new song and one of old
    pairs += [("temporal", 2, 11, False, True), ("temporal", 2, 51, True, True)]
    inputs["recommendation_test_pairs"] = pd.DataFrame(
        pairs, columns=["split", "user_id", "song_id", "is_heard", "is_relevant"]
    ).assign(snapshot_date=fake_lists.TRAINING, rating=4.0)
    inputs["recommendation_catalogue"] = pd.DataFrame(
        [
            (fake_lists.TRAINING, split, song, 1)
            for split in ("temporal", "random")
            for song in range(11, 61)
        ],
        columns=list(fake_lists.TYPES["recommendation_catalogue"]),
    )
    inputs["recommendation_examples"] = pd.DataFrame(
        [
            (fake_lists.TRAINING, split, 1, song, 3.0)
            for split in ("temporal", "random")
            for song in range(11, 61)
        ],
        columns=list(fake_lists.TYPES["recommendation_examples"]),
    )
    als = {
        1: [11],
        2: [12, 11, 13],
        3: [20, 11],
        # places 1 and 11 hit
        4: [11, *range(31, 40), 12],
        7: [13],
    }
    inputs["recommendation_lists"] = pd.concat(
        [
            fake_lists.lists_of("random", "als", als),
            fake_lists.lists_of("temporal", "als", {2: [13, 11], 7: [13]}),
        ]
    ).assign(score=0.5)
    inputs["baseline_candidates"] = pd.concat(
        [
            fake_lists.lists_of("random", "popularity", {6: [20, 11]}),
            fake_lists.lists_of("temporal", "what_they_play", {2: [51], 7: [52, 53, 54, 50]}),
        ]
    ).assign(score=0.5)
    return inputs


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return fake_lists.drawn()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("judgement")


@pytest.fixture(scope="module")
def builds(warehouse: Path, inputs: Inputs) -> dict[str, Tables]:
    """One warehouse, built of drawn lists, of the same in another order, of little and of none."""
    tables = {}
    for name, tried in {
        "drawn": inputs,
        "shuffled": {key: frame.sample(frac=1, random_state=3) for key, frame in inputs.items()},
        "paper": paper(),
        "empty": fake_lists.empty(),
    }.items():
        fake_lists.write(warehouse, tried)
        built = run_dbt(warehouse / "raw_logs", warehouse, "run", "--select", *MODELS)
        assert built.return_code == 0, built.output
        tables[name] = read(warehouse)
    return tables


@pytest.fixture(scope="module")
def tables(builds: dict[str, Tables]) -> Tables:
    return builds["drawn"]


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", table.to_dict("records"))


def groups(table: pd.DataFrame, columns: list[str]) -> list[tuple[Any, pd.DataFrame]]:
    return list(table.groupby(columns if len(columns) > 1 else columns[0]))


class Oracle:
    """What judging means, read once more from the definitions, one user at a time."""

    def __init__(self, inputs: Inputs, combined: pd.DataFrame) -> None:
        candidates = [inputs["baseline_candidates"], inputs["recommendation_lists"], combined]
        self.lists: dict[tuple[str, str, int], list[int]] = {}
        for row in records(pd.concat(candidates).sort_values("rank")):
            key = (row["split"], row["recommender"], row["user_id"])
            self.lists.setdefault(key, []).append(row["song_id"])
        self.users = inputs["recommendation_users"]
        self.pairs = inputs["recommendation_test_pairs"]
        self.examples = inputs["recommendation_examples"]

    def relevant(self, split: str, task: str) -> dict[int, set[int]]:
        """Songs to be found by evaluated user; an empty set for who is left out."""
        evaluated = self.users[(self.users["split"] == split) & self.users["is_evaluated"]]
        found: dict[int, set[int]] = {user: set() for user in evaluated["user_id"]}
        for row in records(self.pairs[self.pairs["split"] == split]):
            if row["is_relevant"] and (task == "listening" or not row["is_heard"]):
                found[row["user_id"]].add(row["song_id"])
        return found

    def group(self, split: str, name: str) -> list[int]:
        users = self.users[(self.users["split"] == split) & self.users["is_evaluated"]]
        return users.loc[users["is_in_matrix"] == (name == "matrix"), "user_id"].tolist()

    def novelty(self, split: str) -> dict[int, float]:
        known = self.examples[self.examples["split"] == split]
        users = known["user_id"].nunique()
        return {
            song: -math.log2(rows["user_id"].nunique() / users)
            for song, rows in groups(known, ["song_id"])
        }

    def evaluations(self) -> Iterator[tuple[str, str, str, str]]:
        names = sorted({recommender for _, recommender, _ in self.lists})
        for split, task in TASKS:
            judged = {user for user, songs in self.relevant(split, task).items() if songs}
            for group in ("matrix", "cold"):
                for name in names:
                    listed = any(
                        (split, name, user) in self.lists
                        for user in judged.intersection(self.group(split, group))
                    )
                    if listed and (name != "what_they_play" or task == "listening"):
                        yield split, task, group, name

    def judge(
        self, evaluation: tuple[str, str, str, str], k: int, weights: Weights | None = None
    ) -> dict[str, float]:
        """Every metric, each user counting as often as their weight says."""
        split, task, group, name = evaluation
        novelty = self.novelty(split)
        sums = {"recall": 0.0, "ndcg": 0.0, "map": 0.0}
        surprises, places, users, everything = 0.0, 0, 0, set()
        relevant = self.relevant(split, task)
        for user in self.group(split, group):
            wanted, weight = relevant[user], 1 if weights is None else weights.get(user, 0)
            if not wanted or not weight:
                continue
            users += weight
            listed = self.lists.get((split, name, user), [])
            hits, precisions = 0, 0.0
            for place, song in enumerate(listed[:k], 1):
                everything.add(song)
                surprises += weight * novelty[song]
                places += weight
                if song in wanted:
                    hits += 1
                    precisions += hits / place
            sums["recall"] += weight * hits / len(wanted)
            sums["map"] += weight * precisions / min(k, len(wanted))
            # songs that are not listed follow behind a hundred places
            truth = [song in wanted for song in listed] + [False] * (100 - len(listed))
            truth += [True] * len(wanted.difference(listed))
            truth += [False] * (2 - min(2, len(truth)))
            falling = -np.arange(len(truth))
            sums["ndcg"] += weight * ndcg_score([np.array(truth, float)], [falling], k=k)
        result = {metric: total / users if users else math.nan for metric, total in sums.items()}
        result["novelty"] = surprises / places if places else math.nan
        result["coverage"] = len([song for song in everything if song <= CATALOGUE]) / CATALOGUE
        return result | {"users": users}


@pytest.fixture(scope="module")
def oracle(inputs: Inputs, tables: Tables) -> Oracle:
    return Oracle(inputs, tables["report_weights_lists"])


def held_out(tables: Tables) -> pd.DataFrame:
    metrics = tables["recommender_metrics"]
    return metrics[metrics["split"] != "in_sample"]


def test_every_recommender_is_judged_where_it_lists_something(
    tables: Tables, oracle: Oracle
) -> None:
    expected = set(oracle.evaluations())
    metrics = held_out(tables)
    assert set(metrics[EVALUATION].itertuples(index=False, name=None)) == expected
    names = {"recall", "ndcg", "map", "novelty", "coverage"}
    found = set(metrics[[*EVALUATION, "metric", "k"]].itertuples(index=False, name=None))
    assert found == {(*key, metric, k) for key in expected for metric in names for k in CUTS}
    assert len(metrics) == len(found)
    # learnt lists are for the matrix, popularity is for all; nobody discovers what they play
    assert ("temporal", "discovery", "cold", "learnt_blend") not in expected
    assert ("temporal", "discovery", "cold", "popularity") in expected
    assert ("temporal", "discovery", "matrix", "what_they_play") not in expected
    assert ("temporal", "listening", "cold", "what_they_play") in expected


def test_metrics_are_those_of_plain_loops(tables: Tables, oracle: Oracle) -> None:
    metrics = held_out(tables)
    assert metrics["value"].notna().all()
    for (*key, k), rows in groups(metrics, [*EVALUATION, "k"]):
        expected = oracle.judge(key, k)
        for row in records(rows):
            assert row["value"] == pytest.approx(expected[row["metric"]], abs=1e-10), row
            assert row["users"] == expected["users"]


def test_whoever_has_nothing_to_find_is_counted(tables: Tables, oracle: Oracle) -> None:
    metrics = held_out(tables)
    for (split, task, group), rows in groups(metrics, EVALUATION[:3]):
        relevant = oracle.relevant(split, task)
        left_out = [user for user in oracle.group(split, group) if not relevant[user]]
        assert set(rows["left_out_users"]) == {len(left_out)}
        assert set(rows["songs"]) == {"all" if task == "listening" else "new"}
    # users 1 (no test), 2 (nothing new) and 3 (nothing liked), and some by chance
    matrix = metrics[(metrics["user_group"] == "matrix") & (metrics["task"] == "discovery")]
    assert matrix["left_out_users"].min() >= 3


def test_replicates_are_metrics_of_weighted_users(tables: Tables, oracle: Oracle) -> None:
    drawn = tables["recommender_bootstrap_weights"]
    replicates = tables["recommender_metric_replicates"]
    assert sorted(set(replicates["replicate"])) == list(range(201))
    for replicate in (1, 2, 200):
        rows = drawn[drawn["replicate"] == replicate]
        weights = dict(zip(rows["user_id"], rows["weight"], strict=True))
        found = replicates[(replicates["replicate"] == replicate) & (replicates["k"] == 20)]
        for key, values in groups(found, EVALUATION):
            expected = oracle.judge(key, 20, weights)
            for row in records(values):
                same = row["metric_value"] == pytest.approx(
                    expected[row["metric"]], abs=1e-10, nan_ok=True
                )
                assert same, row


def test_draws_are_poisson_by_hash_of_user_and_replicate(tables: Tables, oracle: Oracle) -> None:
    drawn = tables["recommender_bootstrap_weights"].query("replicate > 0")
    found = drawn.set_index(["user_id", "replicate"])["weight"].to_dict()
    judged = {user for key in TASKS for user, songs in oracle.relevant(*key).items() if songs}
    expected = {}
    for user in judged:
        for replicate in range(1, 201):
            block, place = divmod(replicate - 1, 8)
            digest = hashlib.md5(f"bootstrap:{block}:{user}".encode(), usedforsecurity=False)
            drawn_share = int(digest.hexdigest()[4 * place :][:4], 16) / 2**16
            # the next number above: a border belongs to the larger weight
            weight = min(int(stats.poisson.ppf(np.nextafter(drawn_share, 1), 1)), 7)
            if weight:
                expected[user, replicate] = weight
    assert found == expected


def test_intervals_are_percentiles_of_the_replicates(tables: Tables) -> None:
    key = [*EVALUATION, "metric", "k"]
    metrics = held_out(tables).query("metric != 'coverage'").set_index(key).sort_index()
    resampled = tables["recommender_metric_replicates"].query("replicate > 0").groupby(key)
    for end, share in (("lower_bound", 1 - UPPER_SHARE), ("upper_bound", UPPER_SHARE)):
        expected = resampled["metric_value"].quantile(share).sort_index()
        np.testing.assert_allclose(metrics[end], expected.loc[metrics.index], atol=1e-12)
    assert (metrics["lower_bound"] < metrics["upper_bound"]).mean() > 0.9
    coverage = held_out(tables).query("metric == 'coverage'")
    assert coverage[["lower_bound", "upper_bound"]].isna().all(axis=None)


def test_comparisons_are_paired(tables: Tables) -> None:
    replicates = tables["recommender_metric_replicates"]
    key = [*EVALUATION, "metric", "k"]
    wide = replicates.pivot(index="replicate", columns=key, values="metric_value")
    comparisons = tables["recommender_comparisons"]
    for row in records(comparisons):
        sides = [
            wide[row["split"], row["task"], row["user_group"], name, row["metric"], row["k"]]
            for name in (row["recommender"], row["compared_with"])
        ]
        gaps = sides[0] - sides[1]
        lower, upper = gaps.iloc[1:].quantile([1 - UPPER_SHARE, UPPER_SHARE])
        assert row["difference"] == pytest.approx(gaps.loc[0], abs=1e-12)
        assert row["lower_bound"] == pytest.approx(lower, abs=1e-12)
        assert row["upper_bound"] == pytest.approx(upper, abs=1e-12)
        assert row["is_significant"] == (row["lower_bound"] > 0 or row["upper_bound"] < 0)
    groups = (
        held_out(tables)
        .query("metric != 'coverage'")
        .groupby([*EVALUATION[:3], "metric", "k"])["recommender"]
        .nunique()
    )
    assert len(comparisons) == (groups * (groups - 1)).sum()
    assert comparisons["is_significant"].any()


def test_errors_in_sample_are_passed_on(tables: Tables) -> None:
    metrics = tables["recommender_metrics"].query("split == 'in_sample'")
    assert metrics["recommender"].tolist() == ["item_item", "nmf"]
    assert metrics["value"].tolist() == [0.5, 1.25]
    assert metrics["factors"].fillna(-1).tolist() == [-1, 20]
    assert set(metrics["rated_songs"]) == {300}
    assert metrics[["task", "k", "left_out_users", "lower_bound"]].isna().all(axis=None)
    assert set(metrics["songs"]) == {"observed"}


def hash_of(text: str) -> str:
    """The hash that draws users, as far as it is compared."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:8]


@pytest.mark.parametrize("top", [10, 100])
def test_overlap_counts_common_songs(top: int, tables: Tables, inputs: Inputs) -> None:
    lists = inputs["recommendation_lists"].query("split == 'serve'")
    lists = lists[lists["rank"] <= top]
    songs = {key: set(rows["song_id"]) for key, rows in lists.groupby(["recommender", "user_id"])}
    users = inputs["recommendation_users"].query("split == 'serve' and is_in_matrix")["user_id"]
    found = tables["recommender_overlap"]
    found = found[found["top_songs"] == top]
    assert sorted(found["recommender_count"]) == [2, 2, 2, 3]
    for row in records(found):
        names = row["recommenders"].split(", ")
        assert len(names) == row["recommender_count"]
        common = {
            user: len(set.intersection(*(songs.get((name, user), set()) for name in names)))
            for user in users
        }
        assert row["users"] == len(users)
        assert row["mean_common_songs"] == pytest.approx(sum(common.values()) / len(users))
        example = min(users, key=lambda user: hash_of(f"overlap_example:{user}"))
        assert row["example_user_id"] == example
        assert row["example_common_songs"] == common[example]


def test_report_weights_combine_what_the_sources_list(tables: Tables, inputs: Inputs) -> None:
    """Users of the matrix alone; six, two and two of the first ten where no list is short."""
    lists = tables["report_weights_lists"]
    known = inputs["recommendation_users"].query(
        "is_in_matrix and (is_evaluated or split == 'serve')"
    )
    assert set(map(tuple, lists[["split", "user_id"]].to_numpy())) == set(
        map(tuple, known[["split", "user_id"]].to_numpy())
    )
    assert not lists.duplicated(["split", "user_id", "song_id"]).any()
    key = ["split", "user_id", "song_id"]
    names = inputs["recommendation_lists"].pivot(index=key, columns="recommender", values="rank")
    popular = inputs["baseline_candidates"].query("recommender == 'popularity'")
    in_sources = set(popular[key].itertuples(index=False, name=None))
    in_sources |= set(names.index[names["item_item"].notna()])
    in_sources |= set(names.index[names[["nmf", "truncated_svd"]].notna().all(axis=1)])
    assert set(lists[key].itertuples(index=False, name=None)) <= in_sources


USER_METRICS = {
    # everything to be found stands first, in whatever order
    (2, 10): (1, 1, 1),
    # place 2 of a list of two; the other song is in no catalogue
    (3, 10): (1 / 2, (1 / math.log2(3)) / (1 + 1 / math.log2(3)), 1 / 4),
    (3, 100): (1 / 2, (1 / math.log2(3)) / (1 + 1 / math.log2(3)), 1 / 4),
    # place 1 of ten; twelve to be found, of which ten would fit
    (4, 10): (1 / 12, 1 / sum(1 / math.log2(1 + place) for place in range(1, 11)), 1 / 10),
    # places 1 and 11
    (4, 20): (
        2 / 12,
        (1 + 1 / math.log2(12)) / sum(1 / math.log2(1 + place) for place in range(1, 13)),
        (1 + 2 / 11) / 12,
    ),
    # no list
    (5, 10): (0, 0, 0),
}


@pytest.mark.parametrize(("user", "k"), USER_METRICS)
def test_little_cases_on_paper(user: int, k: int, builds: dict[str, Tables]) -> None:
    rows = builds["paper"]["recommendation_user_metrics"].query(
        "split == 'random' and recommender == 'als' and user_id == @user and k == @k"
    )
    assert rows[["recall", "ndcg", "average_precision"]].to_numpy().tolist() == [
        pytest.approx(list(USER_METRICS[user, k]), abs=1e-12)
    ]


def test_groups_and_tasks_on_paper(builds: dict[str, Tables]) -> None:
    metrics = builds["paper"]["recommender_metrics"].query("k == 10")

    def of(split: str, task: str, user_group: str, recommender: str) -> dict[str, dict[str, Any]]:
        key = [split, task, user_group, recommender]
        rows = metrics[(metrics[EVALUATION] == key).all(axis=1)]
        return {row["metric"]: row for row in records(rows)}

    als = of("random", "discovery", "matrix", "als")
    # users 2 to 5 of 1 to 5 and 7; users 1 and 7 have nothing to find
    assert als["recall"]["users"] == 4
    assert als["recall"]["left_out_users"] == 2
    assert als["recall"]["value"] == pytest.approx((1 + 1 / 2 + 1 / 12) / 4)
    # 11, 12, 13, 20 and 31 to 39 of fifty songs, which everybody has heard
    assert als["coverage"]["value"] == pytest.approx(13 / 50)
    assert als["novelty"]["value"] == 0
    # user 6 is cold, and only popularity lists songs for them
    assert set(metrics.query("user_group == 'cold'")["recommender"]) == {"popularity"}
    popularity = of("random", "discovery", "cold", "popularity")
    assert popularity["ndcg"]["value"] == pytest.approx(1 / math.log2(3))
    assert popularity["map"]["value"] == pytest.approx(1 / 2)
    # user 7 has nothing new to find, and plays again what they know: place 4
    assert of("temporal", "discovery", "matrix", "als")["recall"]["users"] == 1
    again = of("temporal", "listening", "matrix", "what_they_play")
    assert again["recall"]["value"] == pytest.approx((1 / 2 + 1) / 2)
    assert again["map"]["value"] == pytest.approx((1 / 2 + 1 / 4) / 2)
    new = of("temporal", "listening", "matrix", "als")
    assert new["recall"]["value"] == pytest.approx((1 / 2 + 0) / 2)


def test_two_builds_are_equal_in_whatever_order_rows_come(builds: dict[str, Tables]) -> None:
    for name, table in builds["drawn"].items():
        assert len(table) > 0, name
        pd.testing.assert_frame_equal(table, builds["shuffled"][name], check_exact=True, obj=name)


def test_without_lists_there_are_no_rows_and_no_error(builds: dict[str, Tables]) -> None:
    assert {name: len(table) for name, table in builds["empty"].items()} == dict.fromkeys(MODELS, 0)


def test_nothing_but_judgement_knows_the_test(warehouse: Path, builds: dict[str, Tables]) -> None:
    assert builds
    manifest = json.loads((warehouse / "target" / "manifest.json").read_text("utf-8"))
    seen, waiting = set(), ["model.music_box.recommendation_test_pairs"]
    while waiting:
        for child in manifest["child_map"][waiting.pop()]:
            if child.startswith("model.") and child not in seen:
                seen.add(child)
                waiting.append(child)
    names = {child.rsplit(".", 1)[-1] for child in seen}
    assert names - {"published_copy"} == JUDGES
