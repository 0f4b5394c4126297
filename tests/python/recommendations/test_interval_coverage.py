"""Intervals of recommenders hold what they claim: samples of one population, through the models.

Each sample is a snapshot of its own, about users of its own. Users' metrics are made up, from
lists of ten songs; how they follow from lists and songs is asked in `test_judgement.py`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import run_dbt
from simulation import SAMPLES, assert_intervals_hold_what_they_claim

from recommendations import fake_lists

MODELS = [
    "recommender_bootstrap_weights",
    "recommender_metric_replicates",
    "recommender_metrics",
    "recommender_comparisons",
]
USERS, POPULATION, K = 500, 1_000_000, 10
# How much better or worse a recommender finds songs, on the scale of log-odds.
RECOMMENDERS = {"als": 0.5, "popularity": 0.0}
MEANS = {"recall": "recall", "ndcg": "ndcg", "map": "average_precision"}
TYPES = {
    "recommendation_user_metrics": {
        "snapshot_date": "date",
        "split": "varchar",
        "task": "varchar",
        "songs": "varchar",
        "user_group": "varchar",
        "recommender": "varchar",
        "user_id": "bigint",
        "k": "integer",
        "listed_songs": "bigint",
        "recall": "double",
        "ndcg": "double",
        "average_precision": "double",
        "total_novelty": "double",
    },
    "recommendation_judged_users": {
        "snapshot_date": "date",
        "split": "varchar",
        "task": "varchar",
        "songs": "varchar",
        "user_group": "varchar",
        "user_id": "bigint",
        "is_judged": "boolean",
    },
    # has no interval, see docs/decisions.md
    "recommender_coverage": {
        "snapshot_date": "date",
        "split": "varchar",
        "task": "varchar",
        "songs": "varchar",
        "user_group": "varchar",
        "recommender": "varchar",
        "k": "integer",
        "coverage": "double",
        "users": "bigint",
    },
    "recommender_in_sample_errors": fake_lists.TYPES["recommender_in_sample_errors"],
}
KEYS: dict[str, str | int] = {
    "split": "temporal",
    "task": "discovery",
    "songs": "new",
    "user_group": "matrix",
    "k": K,
}


def draw(users: int, draws: np.random.Generator) -> pd.DataFrame:
    """Users of the population: what each recommender's list is worth to each of them.

    Few find anything, one in ten has no list, and recommenders please the same users.
    """
    relevant = 1 + draws.poisson(3, users)
    taste = -3 + draws.normal(size=users)
    place = np.arange(1, K + 1)
    gains = 1 / np.log2(1 + place)
    parts = []
    for recommender, better in RECOMMENDERS.items():
        listed = np.where(draws.random(users) < 0.1, 0, draws.integers(5, K + 1, users))
        chance = 1 / (1 + np.exp(-(taste[:, None] + better - 0.1 * place)))
        hit = (draws.random((users, K)) < chance) & (place <= listed[:, None])
        hit &= np.cumsum(hit, axis=1) <= relevant[:, None]
        findable = np.minimum(relevant, K)
        so_far = np.cumsum(hit, axis=1) / place
        parts.append(
            pd.DataFrame(
                {
                    "user_id": np.arange(1, users + 1),
                    "recommender": recommender,
                    "listed_songs": listed,
                    "recall": hit.sum(axis=1) / relevant,
                    "ndcg": (hit * gains).sum(axis=1) / np.cumsum(gains)[findable - 1],
                    "average_precision": (hit * so_far).sum(axis=1) / findable,
                    # rare songs for some users, and for who likes little
                    "total_novelty": listed * draws.gamma(4, 1 + better - taste / 4),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def true_values(population: pd.DataFrame) -> dict[str, float]:
    """Every metric of one recommender in the population."""
    means = {metric: float(population[column].mean()) for metric, column in MEANS.items()}
    totals = population[["total_novelty", "listed_songs"]].sum()
    return means | {"novelty": float(totals["total_novelty"] / totals["listed_songs"])}


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    """The true value of each metric, by recommender."""
    population = draw(POPULATION, np.random.default_rng(21))
    return pd.DataFrame(
        {name: true_values(rows) for name, rows in population.groupby("recommender")}
    )


@pytest.fixture(scope="module", params=SAMPLES)
def judged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """A warehouse with a snapshot for each of the samples, and how many samples there are."""
    folder, samples = tmp_path_factory.mktemp("coverage"), int(request.param)
    drawn = draw(samples * USERS, np.random.default_rng(22))
    for key, value in KEYS.items():
        drawn[key] = value
    sample = (drawn["user_id"] - 1) // USERS
    drawn["snapshot_date"] = pd.Timestamp("2000-01-01") + pd.to_timedelta(sample, unit="D")
    frames = {name: pd.DataFrame(columns=list(types)) for name, types in TYPES.items()}
    frames["recommendation_user_metrics"] = drawn
    frames["recommendation_judged_users"] = drawn[drawn["recommender"] == "als"].assign(
        is_judged=True
    )
    with duckdb.connect(str(folder / "music_box.duckdb")) as connection:
        connection.execute("create schema recommendations")
        for name, frame in frames.items():
            columns = ", ".join(
                f"cast({column} as {kind}) as {column}" for column, kind in TYPES[name].items()
            )
            connection.register("frame", frame)
            connection.execute(
                f"create table recommendations.{name} as select {columns} from frame"
            )
    built = run_dbt(folder / "raw_logs", folder, "run", "--select", *MODELS)
    assert built.return_code == 0, built.output
    return folder, samples


def read(folder: Path, query: str) -> pd.DataFrame:
    with duckdb.connect(str(folder / "music_box.duckdb"), read_only=True) as connection:
        return connection.sql(query).df()


@pytest.mark.parametrize("recommender", RECOMMENDERS)
def test_intervals_hold_the_truth_as_often_as_they_claim(
    recommender: str, judged: tuple[Path, int], truth: pd.DataFrame
) -> None:
    folder, samples = judged
    found = read(
        folder,
        "select metric, value, lower_bound, upper_bound from recommendations.recommender_metrics"
        f" where recommender = '{recommender}'",
    )
    assert set(found["metric"]) == set(truth.index)
    assert found["value"].between(found["lower_bound"], found["upper_bound"]).all()
    expected = found["metric"].map(truth[recommender])
    assert_intervals_hold_what_they_claim(found, expected, samples)


def test_differences_hold_the_truth_as_often_as_they_claim(
    judged: tuple[Path, int], truth: pd.DataFrame
) -> None:
    folder, samples = judged
    found = read(
        folder,
        "select metric, difference, lower_bound, upper_bound"
        " from recommendations.recommender_comparisons where recommender = 'als'",
    )
    assert set(found["metric"]) == set(truth.index)
    assert found["difference"].between(found["lower_bound"], found["upper_bound"]).all()
    expected = found["metric"].map(truth["als"] - truth["popularity"])
    assert_intervals_hold_what_they_claim(found, expected, samples)
