"""Metrics in SQL against scikit-learn, and intervals against theory."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sklearn_metrics
from churn import fake_scores
from churn.fake_scores import LARGE, MIXED, OFFERS, ONE_USER
from conftest import run_dbt

PUBLIC = [
    "churn_predictions",
    "churn_model_metrics",
    "churn_model_comparisons",
    "churn_threshold_metrics",
    "churn_calibration",
    "churn_backtest",
    "rpt_score_outcomes",
]
PROTECTED = [
    "churn_bootstrap_weights",
    "churn_judged_scores",
    "churn_ranking_replicates",
    "churn_probability_replicates",
    "churn_metric_replicates",
    "churn_contact_outcomes",
]
WITHOUT_DATE = PROTECTED[:1] + PROTECTED[2:4]
EVALUATION = ["snapshot_date", "model_name", "split"]
Tables = dict[str, pd.DataFrame]


def calibration_error(
    churned: np.ndarray, probability: np.ndarray, weight: np.ndarray | None = None
) -> float:
    weight = np.ones(len(churned)) if weight is None else weight
    bins = np.clip(np.searchsorted(np.arange(10) / 10, probability, side="right"), 1, 10)
    gaps = [abs(np.sum((weight * (probability - churned))[bins == number])) for number in set(bins)]
    return float(np.sum(gaps) / np.sum(weight))


def log_loss(churned: np.ndarray, probability: np.ndarray, **options: Any) -> float:
    return float(sklearn_metrics.log_loss(churned, probability, labels=[False, True], **options))


def of_classes(churned: np.ndarray, score: np.ndarray, **options: Any) -> float:
    if len(set(churned)) == 1:
        return math.nan
    return float(sklearn_metrics.roc_auc_score(churned, score, **options))


# metric -> what it is computed from, and how scikit-learn computes it
EXPECTED: dict[str, tuple[str, Callable[..., float]]] = {
    "auc": ("raw_score", of_classes),
    "pr_auc": ("raw_score", sklearn_metrics.average_precision_score),
    "accuracy": ("predicted", sklearn_metrics.accuracy_score),
    "precision": (
        "predicted",
        lambda churned, predicted, **options: sklearn_metrics.precision_score(
            churned, predicted, zero_division=0, **options
        ),
    ),
    "recall": (
        "predicted",
        lambda churned, predicted, **options: sklearn_metrics.recall_score(
            churned, predicted, zero_division=0, **options
        ),
    ),
    "f1": (
        "predicted",
        lambda churned, predicted, **options: sklearn_metrics.f1_score(
            churned, predicted, zero_division=0, **options
        ),
    ),
    "brier": (
        "churn_probability",
        lambda churned, probability, **options: np.average(
            np.square(probability - churned), weights=options.get("sample_weight")
        ),
    ),
    "log_loss": ("churn_probability", log_loss),
    "expected_calibration_error": (
        "churn_probability",
        lambda churned, probability, sample_weight=None: calibration_error(
            churned, probability, sample_weight
        ),
    ),
}


def read(folder: Path) -> Tables:
    with duckdb.connect(str(folder / "music_box.duckdb"), read_only=True) as connection:
        names = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        return {
            name: connection.sql(
                f"select * replace (cast(snapshot_date as varchar) as snapshot_date)"
                f" from {schema}.{name} order by all"
                if name not in WITHOUT_DATE
                else f"select * from {schema}.{name} order by all"
            ).df()
            for schema, name in names
            if name in PUBLIC + PROTECTED
        }


def pick(table: pd.DataFrame, **keys: str) -> pd.DataFrame:
    """The rows with these keys."""
    return table[(table[list(keys)] == list(keys.values())).all(axis=1)]


def evaluation(table: pd.DataFrame, snapshot_date: str, model_name: str) -> pd.DataFrame:
    """The rows of one model's test users of one snapshot."""
    return pick(table, snapshot_date=snapshot_date, model_name=model_name, split="test")


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.to_dict("records")  # type: ignore[return-value]


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tables]:
    """One warehouse, built from fake scores, from the same in another order, and from none."""
    folder = tmp_path_factory.mktemp("metrics")
    scored = fake_scores.scores()
    tables = {}
    for name, frame in {
        "first": scored,
        "shuffled": scored.sample(frac=1, random_state=3),
        "empty": scored.head(0),
    }.items():
        fake_scores.write(folder, frame)
        built = run_dbt(folder / "raw_logs", folder, "run", "--select", *PUBLIC, *PROTECTED)
        assert built.return_code == 0, built.output
        tables[name] = read(folder)
    return tables


@pytest.fixture(scope="module")
def tables(builds: dict[str, Tables]) -> Tables:
    return builds["first"]


@pytest.fixture(scope="module")
def judged(tables: Tables) -> pd.DataFrame:
    predictions = tables["churn_predictions"].dropna(subset="is_churned")
    return predictions.assign(
        is_churned=predictions["is_churned"].astype(bool),
        predicted=predictions["churn_probability"] > 0.5,
    )


def same_number(found: float, expected: float) -> bool:
    return abs(found - expected) <= 1e-9 or (math.isnan(found) and math.isnan(expected))


@pytest.mark.filterwarnings("ignore:No positive class found", "ignore:.*y_pred values do not sum")
@pytest.mark.parametrize("metric", EXPECTED)
def test_metric_is_that_of_scikit_learn(metric: str, tables: Tables, judged: pd.DataFrame) -> None:
    column, expected = EXPECTED[metric]
    found = pick(tables["churn_model_metrics"], metric=metric)
    assert len(found) == judged.groupby(EVALUATION).ngroups
    for row in records(found):
        users = pick(judged, **{name: row[name] for name in EVALUATION})
        truth = expected(users["is_churned"].to_numpy(), users[column].to_numpy())
        assert same_number(row["value"], truth), (row, truth)
        assert row["users"] == len(users)
        assert row["churned_users"] == users["is_churned"].sum()


@pytest.mark.parametrize("metric", EXPECTED)
@pytest.mark.parametrize("model_name", ["noisy", "tied", "borders"])
def test_replicates_are_metrics_of_weighted_users(
    metric: str, model_name: str, tables: Tables, judged: pd.DataFrame
) -> None:
    """Up to 1,000 users a score group is a score, and the replicates are exact as well."""
    column, expected = EXPECTED[metric]
    users = evaluation(judged, MIXED, model_name)
    found = evaluation(tables["churn_metric_replicates"], MIXED, model_name)
    found = found[found["metric"] == metric]
    assert sorted(found["replicate"]) == list(range(201))
    weights = tables["churn_bootstrap_weights"].pivot_table(
        index="user_id", columns="replicate", values="weight", fill_value=0
    )
    for replicate in (1, 2, 200):
        truth = expected(
            users["is_churned"].to_numpy(),
            users[column].to_numpy(),
            sample_weight=weights.loc[users["user_id"], replicate].to_numpy(),
        )
        value = found.loc[found["replicate"] == replicate, "metric_value"].item()
        assert same_number(value, truth), (replicate, value, truth)


def test_intervals_are_percentiles_of_the_replicates(tables: Tables) -> None:
    key = [*EVALUATION, "metric"]
    resampled = tables["churn_metric_replicates"].query("replicate > 0")
    bounds = pd.DataFrame(
        {
            "lower_bound": resampled.groupby(key)["least_value"].quantile(0.025),
            "upper_bound": resampled.groupby(key)["largest_value"].quantile(0.975),
        }
    )
    metrics = tables["churn_model_metrics"].set_index(key)
    found = metrics[["lower_bound", "upper_bound"]]
    expected = bounds.loc[found.index]
    # never beyond the sample itself, and never negative
    smallest = np.minimum(expected["lower_bound"], metrics["value"])
    expected["lower_bound"] = np.maximum(smallest, 0.0)
    expected["upper_bound"] = np.maximum(expected["upper_bound"], metrics["value"])
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), atol=1e-12, equal_nan=True)


def test_weights_are_poisson_draws_that_replicates_do_not_share(tables: Tables) -> None:
    drawn = tables["churn_bootstrap_weights"].query("replicate > 0")
    weights = drawn.pivot_table(
        index="user_id", columns="replicate", values="weight", fill_value=0
    ).to_numpy()
    assert weights.shape == (2000, 200)
    # standard errors of 400,000 draws: mean .0016, variance .0027
    assert abs(weights.mean() - 1) < 0.008
    assert abs(weights.var() - 1) < 0.0135
    for count, share in enumerate([0.367879, 0.367879, 0.183940, 0.061313, 0.015328]):
        assert abs((weights == count).mean() - share) < 0.004
    correlations = np.corrcoef(weights, rowvar=False)[np.triu_indices(200, 1)]
    assert np.abs(correlations).max() < 0.125
    assert abs(correlations.std() - 1 / math.sqrt(2000)) < 0.002


def delong(churned: np.ndarray, *scores: np.ndarray) -> np.ndarray:
    """Covariance of the AUCs of some scores of the same users (DeLong et al., 1988)."""
    placements: list[tuple[np.ndarray, np.ndarray]] = []
    for score in scores:
        gaps = score[churned][:, None] - score[~churned][None, :]
        in_order = (gaps > 0) + 0.5 * (gaps == 0)
        placements.append((in_order.mean(axis=1), in_order.mean(axis=0)))
    churned_part, staying_part = (
        np.cov([pair[side] for pair in placements]) / len(placements[0][side]) for side in (0, 1)
    )
    return np.asarray(churned_part + staying_part)


def test_intervals_are_as_wide_as_theory_says(tables: Tables, judged: pd.DataFrame) -> None:
    """A standard error out of 200 resamples is itself off by 5 %, its percentiles by more."""
    large = pick(judged, snapshot_date=LARGE, split="test")
    users = large.pivot_table(index="user_id", columns="model_name", values="raw_score")
    churned = pick(large, model_name="noisy").set_index("user_id")["is_churned"]
    noisy, better = users["noisy"].to_numpy(), users["better"].to_numpy()
    covariance = delong(churned.loc[users.index].to_numpy(), noisy, better)
    theory = {
        "noisy": math.sqrt(covariance[0, 0]),
        "pair": math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]),
    }
    value = pick(evaluation(tables["churn_model_metrics"], LARGE, "noisy"), metric="auc")
    pair = pick(
        evaluation(tables["churn_model_comparisons"], LARGE, "better"),
        compared_with="noisy",
        metric="auc",
    )
    found = {
        "noisy": (value["upper_bound"] - value["lower_bound"]).item() / (2 * 1.96),
        "pair": (pair["upper_bound"] - pair["lower_bound"]).item() / (2 * 1.96),
    }
    assert found == pytest.approx(theory, rel=0.2)
    assert theory["pair"] < 0.6 * theory["noisy"]
    assert pair["is_significant"].item()


def test_twins_do_not_differ(tables: Tables) -> None:
    twins = pick(tables["churn_model_comparisons"], model_name="noisy", compared_with="noisy_twin")
    assert set(twins["metric"]) == set(EXPECTED)
    assert (twins["difference"].fillna(0) == 0).all()
    # bounds of a calibration error are those of two distances, which do not know that they are one
    others = twins[twins["metric"] != "expected_calibration_error"]
    assert (others[["lower_bound", "upper_bound"]].fillna(0) == 0).all(axis=None)
    assert not twins["is_significant"].any()


def test_differences_are_those_of_the_metrics(tables: Tables) -> None:
    comparisons = tables["churn_model_comparisons"]
    metrics = tables["churn_model_metrics"].set_index([*EVALUATION, "metric"])["value"]
    sides = {}
    for side in ("model_name", "compared_with"):
        index = comparisons[["snapshot_date", side, "split", "metric"]]
        sides[side] = metrics.loc[list(index.itertuples(index=False, name=None))].to_numpy()
    np.testing.assert_allclose(
        comparisons["difference"], sides["model_name"] - sides["compared_with"], equal_nan=True
    )
    # seven models in five snapshots; the backtest has one model, and no pair
    assert len(comparisons) == 5 * 7 * 6 * len(EXPECTED)


def test_backtest_sets_both_models_beside_each_other(tables: Tables) -> None:
    metrics = pick(tables["churn_model_metrics"], snapshot_date=MIXED, model_name="noisy")
    assert sorted(tables["churn_backtest"]["metric"]) == [
        "auc",
        "expected_calibration_error",
        "log_loss",
    ]
    for row in records(tables["churn_backtest"]):
        honest, random_split = (
            pick(metrics, split=split, metric=row["metric"])["value"].item()
            for split in ("backtest", "test")
        )
        assert row["time_honest_value"] == honest
        assert row["random_split_value"] == random_split
        assert row["difference"] == honest - random_split
        assert row["lower_bound"] <= row["difference"] <= row["upper_bound"]
        assert row["test_users"] == fake_scores.USERS[MIXED]
        assert str(row["fitted_snapshot_date"].date()) == fake_scores.ALL_CHURNED


def profits(users: pd.DataFrame) -> np.ndarray:
    """What the best offer would have brought with each user."""
    found = []
    for user in records(users):
        offers = [offer for offer in OFFERS if offer[0] == (user["user_id"] % 3 == 0)]
        _, _, success, value, cost = max(
            offers, key=lambda offer: user["churn_probability"] * offer[2] * offer[3] - offer[4]
        )
        found.append(user["is_churned"] * success * value - cost)
    return np.array(found)


@pytest.mark.parametrize("model_name", ["noisy", "borders", "certain", "constant"])
def test_threshold_metrics_follow_from_who_is_above(
    model_name: str, tables: Tables, judged: pd.DataFrame
) -> None:
    for snapshot_date in (MIXED, ONE_USER):
        users = evaluation(judged, snapshot_date, model_name)
        rows = evaluation(tables["churn_threshold_metrics"], snapshot_date, model_name)
        rows = rows.sort_values("threshold")
        assert rows["threshold"].tolist() == [step / 100 for step in range(101)]
        churned, profit = users["is_churned"].to_numpy(), profits(users)
        for row in records(rows):
            contacted = users["churn_probability"].to_numpy() > row["threshold"]
            hits, misses = (contacted & churned).sum(), (contacted & ~churned).sum()
            precision = hits / max(contacted.sum(), 1)
            odds = row["threshold"] / (1 - row["threshold"]) if row["threshold"] < 1 else 0
            expected = {
                "users": len(users),
                "contacted_users": contacted.sum(),
                "contacted_share": contacted.mean(),
                "true_positive_rate": hits / max(churned.sum(), 1),
                "false_positive_rate": misses / max((~churned).sum(), 1),
                "precision": precision,
                "lift": precision / churned.mean() if churned.any() else 0,
                "net_benefit": (hits - misses * odds) / len(users),
                "expected_profit": 1000 * profit[contacted].sum() / len(users),
            }
            for column, value in expected.items():
                assert row[column] == pytest.approx(value, abs=1e-6), (row, column)


def test_calibration_bins_hold_their_borders(tables: Tables, judged: pd.DataFrame) -> None:
    users = evaluation(judged, MIXED, "borders")
    found = evaluation(tables["churn_calibration"], MIXED, "borders")
    assert found["bin"].tolist() == list(range(1, 11))
    for row in records(found):
        upper = row["probability_below"] if row["bin"] < 10 else 2
        above = users["churn_probability"] >= row["probability_from"]
        below = users["churn_probability"] < upper
        inside = users[above & below]
        assert row["users"] == len(inside)
        assert row["mean_probability"] == pytest.approx(
            inside["churn_probability"].mean(), abs=1e-9
        )
        assert row["churn_rate"] == pytest.approx(inside["is_churned"].mean(), abs=1e-12)


def test_score_bands_are_tenths_of_the_users(tables: Tables, judged: pd.DataFrame) -> None:
    for key in records(judged[EVALUATION].drop_duplicates()):
        in_order = pick(judged, **key).sort_values(["churn_probability", "user_id"])
        rows = pick(tables["rpt_score_outcomes"], **key).sort_values("score_band")
        numbers = np.array_split(np.arange(len(in_order)), 10)
        bands = [in_order.iloc[part] for part in numbers if len(part)]
        assert rows["users"].tolist() == [len(band) for band in bands]
        assert rows["churned_users"].tolist() == [band["is_churned"].sum() for band in bands]
        np.testing.assert_allclose(
            rows["expected_churned_users"],
            [band["churn_probability"].sum() for band in bands],
            atol=1e-9,
        )


def test_two_builds_are_equal_in_whatever_order_scores_come(builds: dict[str, Tables]) -> None:
    assert sorted(builds["first"]) == sorted([*PUBLIC, *PROTECTED])
    for name, table in builds["first"].items():
        assert len(table) > 0, name
        pd.testing.assert_frame_equal(table, builds["shuffled"][name], check_exact=True, obj=name)


def test_without_scores_there_are_no_rows_and_no_error(builds: dict[str, Tables]) -> None:
    assert {name: len(table) for name, table in builds["empty"].items()} == dict.fromkeys(
        [*PUBLIC, *PROTECTED], 0
    )
