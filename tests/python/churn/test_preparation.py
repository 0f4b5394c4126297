"""From a frame to a matrix: what is filled, scaled and refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from churn import examples
from churn.examples import CONSTANT, FEATURES, WINDOW_DAYS
from music_box.churn.preparation import Preparation, check_features
from sklearn.preprocessing import StandardScaler


@pytest.fixture
def frame() -> pd.DataFrame:
    return examples.generate((examples.DATES[-1],))


def test_trees_see_the_values_themselves(frame: pd.DataFrame) -> None:
    matrix = Preparation.for_trees(FEATURES, WINDOW_DAYS).apply(frame)
    expected = frame[list(FEATURES)].astype(float).fillna(30.0)
    np.testing.assert_array_equal(matrix, expected.to_numpy())


@pytest.mark.parametrize("kind", ["float", "Int64", "object"])
def test_days_since_what_never_happened_are_the_windows_length(kind: str) -> None:
    days = pd.Series([0, None, 29], dtype=kind)
    frame = pd.DataFrame({"days_since_last_download": days})
    matrix = Preparation.for_trees(["days_since_last_download"], WINDOW_DAYS).apply(frame)
    np.testing.assert_array_equal(matrix, [[0], [30], [29]])


def test_a_linear_model_sees_logarithms_of_counts_and_durations_alone(frame: pd.DataFrame) -> None:
    preparation = Preparation.for_linear(frame, FEATURES, WINDOW_DAYS)
    logarithmic = np.array(FEATURES)[preparation.is_logarithmic]
    assert set(logarithmic) == {"plays_7d", "play_seconds_30d"}
    values = frame[list(FEATURES)].astype(float).fillna(30.0)
    values[logarithmic] = np.log1p(values[logarithmic])
    np.testing.assert_allclose(
        preparation.apply(frame), StandardScaler().fit_transform(values), atol=1e-9
    )


def test_a_count_may_turn_negative_later(frame: pd.DataFrame) -> None:
    preparation = Preparation.for_linear(frame, ["plays_7d"], WINDOW_DAYS)
    plays = pd.DataFrame({"plays_7d": [-3, 0, 3]})
    low, middle, high = preparation.apply(plays)[:, 0]
    assert low < middle < high and middle - low == pytest.approx(high - middle)


@pytest.mark.parametrize("constant", [0.0, 7.0, 0.1, 1e9])
def test_a_constant_becomes_0(frame: pd.DataFrame, constant: float) -> None:
    frame[CONSTANT] = constant
    matrix = Preparation.for_linear(frame, FEATURES, WINDOW_DAYS).apply(frame)
    np.testing.assert_allclose(matrix[:, FEATURES.index(CONSTANT)], 0, atol=1e-6)


def test_the_matrix_has_the_order_of_the_fitted_features_not_of_the_table(
    frame: pd.DataFrame,
) -> None:
    preparation = Preparation.for_linear(frame, FEATURES, WINDOW_DAYS)
    turned = frame[frame.columns[::-1]]
    np.testing.assert_array_equal(preparation.apply(turned), preparation.apply(frame))


def test_other_users_are_scaled_by_the_numbers_of_the_fitted_ones(frame: pd.DataFrame) -> None:
    preparation = Preparation.for_linear(frame, FEATURES, WINDOW_DAYS)
    alone = preparation.apply(frame.iloc[[3]])
    np.testing.assert_array_equal(alone, preparation.apply(frame)[[3]])
    assert preparation.apply(frame.iloc[:0]).shape == (0, len(FEATURES))


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_value_is_refused_with_feature_user_and_snapshot(
    frame: pd.DataFrame, value: float
) -> None:
    frame.loc[[17, 18], "early_skip_share"] = value
    message = "early_skip_share is infinite for 2 users, .* user 1017 of snapshot 2017-04-28"
    with pytest.raises(ValueError, match=message):
        check_features(frame, FEATURES)


def test_a_feature_that_is_gone_is_named(frame: pd.DataFrame) -> None:
    preparation = Preparation.for_trees(FEATURES, WINDOW_DAYS)
    with pytest.raises(ValueError, match=r"the features is_paying, plays_7d|plays_7d, is_paying"):
        preparation.apply(frame.drop(columns=["is_paying", "plays_7d"]))
