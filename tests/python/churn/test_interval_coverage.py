"""Intervals hold what they claim: many samples of one population, judged by the models' own SQL.

Each sample is a model of its own of one warehouse, about users of its own. The truth is that of a
population so large that chance has left it.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sklearn_metrics
from churn import fake_scores
from churn.test_metrics import calibration_error
from conftest import run_dbt
from simulation import SAMPLES, assert_intervals_hold_what_they_claim

SNAPSHOT = "2017-04-28"
MODELS = [
    "churn_predictions",
    "churn_bootstrap_weights",
    "churn_judged_scores",
    "churn_ranking_replicates",
    "churn_probability_replicates",
    "churn_metric_replicates",
    "churn_model_metrics",
    "churn_model_comparisons",
]
USERS, POPULATION = 500, 2_000_000
# How far the probability of a model is from the true one, on the scale of log-odds. A calibrated
# model is the hard case: its calibration error is 0, and that of every sample is above it.
KINDS = {"calibrated": 0.0, "overconfident": 0.4}
# The interval of a distance is made of the triangle inequality, which is a bound.
BOUNDED = ("expected_calibration_error",)


def draw(users: int, draws: np.random.Generator) -> pd.DataFrame:
    """Users of the population: who churns, and what each kind of model says."""
    log_odds = 0.5 + 1.5 * draws.normal(size=users)
    frame = pd.DataFrame({"is_churned": draws.random(users) < 1 / (1 + np.exp(-log_odds))})
    for kind, distance in KINDS.items():
        # noise of its own, so that models differ in rank, too
        said = log_odds * (1 + distance) + distance + distance * draws.normal(size=users)
        frame[kind] = 1 / (1 + np.exp(-said))
    return frame


def true_values(kind: str, population: pd.DataFrame) -> dict[str, float]:
    """Every metric of a kind of model in the population, by scikit-learn."""
    churned, score = population["is_churned"].to_numpy(), population[kind].to_numpy()
    predicted = score > 0.5
    return {
        "auc": sklearn_metrics.roc_auc_score(churned, score),
        "pr_auc": sklearn_metrics.average_precision_score(churned, score),
        "accuracy": sklearn_metrics.accuracy_score(churned, predicted),
        "precision": sklearn_metrics.precision_score(churned, predicted),
        "recall": sklearn_metrics.recall_score(churned, predicted),
        "f1": sklearn_metrics.f1_score(churned, predicted),
        "brier": sklearn_metrics.brier_score_loss(churned, score),
        "log_loss": sklearn_metrics.log_loss(churned, score),
        # what is left of it in so many users is chance
        "expected_calibration_error": calibration_error(churned, score) if KINDS[kind] else 0.0,
    }


@pytest.fixture(scope="module")
def truth() -> dict[str, dict[str, float]]:
    population = draw(POPULATION, np.random.default_rng(11))
    return {kind: true_values(kind, population) for kind in KINDS}


@pytest.fixture(scope="module", params=SAMPLES)
def judged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """A warehouse of two models for each of the samples, and how many samples there are."""
    folder, samples = tmp_path_factory.mktemp("coverage"), int(request.param)
    drawn = draw(samples * USERS, np.random.default_rng(12))
    drawn["user_id"] = np.arange(1, len(drawn) + 1)
    drawn["sample"] = (drawn["user_id"] - 1) // USERS
    scored = pd.concat(
        pd.DataFrame(
            {
                "snapshot_date": SNAPSHOT,
                "model_name": kind + "_" + drawn["sample"].astype(str).str.zfill(3),
                "split": "test",
                "user_id": drawn["user_id"],
                "fitted_snapshot_date": SNAPSHOT,
                "raw_score": drawn[kind],
                "churn_probability": drawn[kind],
            }
        )
        for kind in KINDS
    )
    fake_scores.write(folder, scored.iloc[:1])
    known = drawn[["user_id", "is_churned"]].assign(snapshot_date=SNAPSHOT)
    with duckdb.connect(str(folder / "music_box.duckdb")) as connection:
        for table, frame in (("churn_scores", scored), ("churn_examples", known)):
            connection.register("rows", frame)
            connection.execute(f"delete from churn.{table}")
            connection.execute(f"insert into churn.{table} by name select * from rows")
    built = run_dbt(folder / "raw_logs", folder, "run", "--select", *MODELS[:-1])
    assert built.return_code == 0, built.output
    return folder, samples


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_the_truth_as_often_as_they_claim(
    kind: str, judged: tuple[Path, int], truth: dict[str, dict[str, float]]
) -> None:
    folder, samples = judged
    with duckdb.connect(str(folder / "music_box.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select metric, value, lower_bound, upper_bound from churn.churn_model_metrics"
            " where starts_with(model_name, ?)",
            [kind],
        ).df()
    assert set(found["metric"]) == set(truth[kind])
    assert found["value"].between(found["lower_bound"], found["upper_bound"]).all()
    expected = found["metric"].map(truth[kind])
    assert_intervals_hold_what_they_claim(found, expected, samples, BOUNDED)


def test_differences_hold_the_truth_as_often_as_they_claim(
    judged: tuple[Path, int], truth: dict[str, dict[str, float]]
) -> None:
    """Of the two models of a sample; those of other samples are about other users."""
    folder, samples = judged
    with duckdb.connect(str(folder / "music_box.duckdb")) as connection:
        connection.execute(
            """
            update churn.churn_metric_replicates set
                snapshot_date = date '2000-01-01' + cast(right(model_name, 3) as int),
                model_name = regexp_replace(model_name, '_.*', '')
            """
        )
    built = run_dbt(folder / "raw_logs", folder, "run", "--select", MODELS[-1])
    assert built.return_code == 0, built.output
    with duckdb.connect(str(folder / "music_box.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select metric, difference, lower_bound, upper_bound from churn.churn_model_comparisons"
            " where model_name = 'calibrated'"
        ).df()
    assert set(found["metric"]) == set(truth["calibrated"])
    assert found["difference"].between(found["lower_bound"], found["upper_bound"]).all()
    expected = found["metric"].map(
        pd.Series(truth["calibrated"]) - pd.Series(truth["overconfident"])
    )
    assert_intervals_hold_what_they_claim(found, expected, samples, BOUNDED)
