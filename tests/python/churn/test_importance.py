"""Importance: against scikit-learn's permutation, and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from churn import examples
from churn.examples import ALGORITHMS, CONSTANT, DATES, FEATURES, TRAINING
from music_box.churn.calibration import BetaCalibration
from music_box.churn.estimators import Linear
from music_box.churn.importance import TYPES, feature_importance
from music_box.churn.preparation import Preparation
from music_box.churn.stored import Model
from pandas.testing import assert_frame_equal
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score

META = {"permutation_users": 2_000, "permutation_repeats": 3, "seed": 1}
MEASURES = ["permutation_importance", "permutation_stddev", "score_change"]


def strangers(users: int = 400) -> pd.DataFrame:
    """Test users of the training snapshot, more than the examples have."""
    return examples.generate((DATES[-1],), users, seed=77).assign(split="test")


def importance(name: str, users: pd.DataFrame, **changes: Any) -> pd.DataFrame:
    return feature_importance(examples.fitted(name), users, {**META, **changes})


def by_feature(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index("feature")


@pytest.mark.parametrize("name", ["logistic_regression", "random_forest", "bagged_boosting"])
def test_permutation_importance_is_as_scikit_learns(name: str) -> None:
    model, _ = examples.trained(name)
    users = strangers()

    class Scores(BaseEstimator):  # type: ignore[misc]
        def fit(self, *_: Any) -> None:
            """Nothing: the model is fitted."""

    theirs = permutation_importance(
        Scores(),
        users[list(FEATURES)],
        users["is_churned"],
        scoring=lambda _, rows, labels: roc_auc_score(labels, model.raw_scores(rows)),
        n_repeats=15,
        random_state=5,
    )
    ours = by_feature(importance(name, users, permutation_repeats=15)).loc[list(FEATURES)]
    expected = theirs["importances_mean"]
    np.testing.assert_allclose(ours["permutation_importance"], expected, rtol=0.1, atol=0.01)
    order = np.argsort(-expected)
    assert ours["permutation_importance"].idxmax() == FEATURES[order[0]]
    assert expected[order[0]] > 0.04
    spread = ours["permutation_stddev"].to_numpy()
    np.testing.assert_allclose(spread, theirs["importances_std"], atol=0.01)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_each_feature_has_a_row(name: str) -> None:
    model, _ = examples.trained(name)
    table = importance(name, strangers())
    assert list(table.columns) == list(TYPES)
    assert table["feature"].tolist() == list(model.preparation.features)
    assert table["model_name"].eq(name).all() and table["snapshot_date"].eq(TRAINING).all()
    assert not table.isna().any(axis=None)
    np.testing.assert_array_equal(table["impurity_importance"], model.estimator.importance())
    changes = by_feature(table)["score_change"]
    assert changes["days_since_last_event"] > 0
    if name != "days_since_last_event":
        assert changes["plays_7d"] < 0
        assert (by_feature(table).loc[CONSTANT, ["impurity_importance", *MEASURES]] == 0).all()


def hand_made(*coefficients: float) -> pd.DataFrame:
    features = [f"feature_{number}" for number in range(len(coefficients))]
    model = Model(
        Preparation.for_trees(features, examples.WINDOW_DAYS),
        Linear(np.array(coefficients), 0.0),
        BetaCalibration(1.0, 1.0, 0.0, 1.0),
    )
    return pd.DataFrame([examples.row_of(model)])


def test_the_change_of_the_score_is_from_the_10th_to_the_90th_percentile() -> None:
    users = pd.DataFrame(
        {
            "snapshot_date": TRAINING,
            "user_id": range(101),
            "feature_0": np.linspace(-5, 5, 101),
            # rare: both percentiles are 0, so that the ends are the least and the greatest
            "feature_1": np.arange(101) == 7,
            "is_churned": np.arange(101) > 50,
        }
    )
    table = by_feature(feature_importance(hand_made(1.0, -2.0), users, META))
    rare, days = users["feature_1"].to_numpy(float), users["feature_0"].to_numpy()
    expected = (expit(4 - 2 * rare) - expit(-4 - 2 * rare)).mean()
    assert table.loc["feature_0", "score_change"] == pytest.approx(expected, abs=1e-12)
    expected = (expit(days - 2) - expit(days)).mean()
    assert table.loc["feature_1", "score_change"] == pytest.approx(expected, abs=1e-12)


def test_shuffling_the_only_feature_leaves_a_coin() -> None:
    users = pd.DataFrame(
        {
            "snapshot_date": TRAINING,
            "user_id": range(1_000),
            "feature_0": np.arange(1_000.0) / 1_000,
            "is_churned": np.arange(1_000) >= 600,
        }
    )
    row = feature_importance(hand_made(1.0), users, META | {"permutation_repeats": 20}).iloc[0]
    assert row["permutation_importance"] == pytest.approx(0.5, abs=0.02)
    # standard deviation of the AUC of a coin, by the rank-sum test's variance
    assert row["permutation_stddev"] == pytest.approx(np.sqrt(1_001 / 12 / 600 / 400), rel=0.5)


def test_all_features_and_models_are_shuffled_alike() -> None:
    users = strangers().rename(columns={"plays_7d": "feature_0"})
    users["feature_1"] = users["feature_0"]
    # an eighth: no rounding tells the two features apart
    twice = pd.concat([hand_made(0.125, 0.125) for _ in range(2)]).assign(model_name=["a", "b"])
    table = feature_importance(twice, users, META)
    assert len(table) == 4
    assert len(table[MEASURES].drop_duplicates()) == 1


@pytest.mark.parametrize("label", [True, False])
def test_users_of_one_class_leave_only_the_models_own_measure(label: bool) -> None:
    table = importance("random_forest", strangers().assign(is_churned=label))
    assert table[MEASURES].isna().all(axis=None)
    assert table["impurity_importance"].sum() == pytest.approx(1)


def test_users_of_other_snapshots_do_not_count() -> None:
    users = strangers()
    others = users.assign(snapshot_date=pd.Timestamp(DATES[0]), is_churned=True)
    expected = importance("logistic_regression", users)
    assert_frame_equal(importance("logistic_regression", pd.concat([others, users])), expected)
    alone = importance("logistic_regression", others)
    assert alone[MEASURES].isna().all(axis=None) and len(alone) == len(FEATURES)
    nobody = importance("logistic_regression", users.iloc[:0])
    assert nobody[MEASURES].isna().all(axis=None) and len(nobody) == len(FEATURES)


def test_of_many_users_some_are_asked_whatever_their_order() -> None:
    users = strangers()
    expected = importance("logistic_regression", users, permutation_users=150)
    shuffled = users.sample(frac=1, random_state=4)
    found = importance("logistic_regression", shuffled, permutation_users=150)
    assert_frame_equal(found, expected)
    everybody = importance("logistic_regression", users)
    assert not everybody["permutation_importance"].equals(expected["permutation_importance"])
    exactly = importance("logistic_regression", users, permutation_users=len(users))
    assert_frame_equal(exactly, everybody)


def test_only_the_model_of_the_training_snapshot_is_asked() -> None:
    fits = examples.fitted("logistic_regression")
    whole = fits[fits["fold"].isna() & (fits["snapshot_date"] == TRAINING)]
    assert_frame_equal(
        feature_importance(fits, strangers(), META), feature_importance(whole, strangers(), META)
    )


def test_nothing_fitted_nothing_important() -> None:
    fits = examples.fitted("logistic_regression")
    for rows in (fits.iloc[:0], fits.assign(skip_reason="too few")):
        table = feature_importance(rows, strangers(), META)
        assert table.empty and list(table.columns) == list(TYPES)
