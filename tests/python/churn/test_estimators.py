"""Estimators against the libraries that fitted them, and reasons against Shapley's definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xgboost
from churn import examples, shapley
from music_box.churn.algorithms import ALGORITHMS, Task
from music_box.churn.calibration import BetaCalibration
from music_box.churn.estimators import Boosting, Days, Estimator, Forest, Linear
from music_box.churn.preparation import Preparation
from music_box.churn.stored import Model
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

FEATURES = tuple(feature for feature in examples.FEATURES if feature != examples.CONSTANT)
Learnt = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def learnt() -> Learnt:
    """A matrix and labels."""
    frame = examples.generate((examples.DATES[-1],), 500)
    matrix = Preparation.for_trees(FEATURES, examples.WINDOW_DAYS).apply(frame)
    return matrix, frame["is_churned"].to_numpy(bool)


def task(learnt: Learnt) -> Task:
    matrix, labels = learnt
    return Task(matrix, labels, np.arange(len(labels)) % 5, FEATURES, seed=1, workers=1)


def fitted(name: str, learnt: Learnt, **changes: Any) -> Estimator:
    everybody = np.ones(len(learnt[0]), bool)
    defaults = {"n_estimators": 15, "max_depth": 4, "min_samples_leaf": 5}
    parameters = {**defaults, **examples.PARAMETERS[name], **changes}
    return ALGORITHMS[name].fit(task(learnt), everybody, parameters)


def forest_of(learnt: Learnt, **changes: Any) -> RandomForestClassifier:
    settings = {"n_estimators": 10, "max_depth": 6, "min_samples_leaf": 5, "random_state": 1}
    return RandomForestClassifier(**{**settings, **changes}).fit(*learnt)


# XGBoost adds up leaves in single precision.
SINGLE = 2e-6

# --- Scores -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes", [{}, {"max_depth": 25, "min_samples_leaf": 2}, {"max_depth": 1, "n_estimators": 1}]
)
def test_a_forest_scores_as_scikit_learn_does(learnt: Learnt, changes: dict[str, Any]) -> None:
    forest = forest_of(learnt, **changes)
    expected = forest.predict_proba(learnt[0])[:, 1]
    np.testing.assert_allclose(Forest.of(forest).raw_scores(learnt[0]), expected, atol=SINGLE)


def test_a_forest_treats_values_at_and_around_its_thresholds_as_scikit_learn_does(
    learnt: Learnt,
) -> None:
    forest = forest_of(learnt)
    ours = Forest.of(forest)
    trees = [member.tree_ for member in forest.estimators_]
    features = np.concatenate([tree.feature[tree.feature >= 0] for tree in trees])
    at = np.concatenate([tree.threshold[tree.feature >= 0] for tree in trees])
    # the next double and the next single: the first is rounded to the threshold, the second not
    around = [at, np.nextafter(at, 99), np.nextafter(at, -99)]
    around += [np.nextafter(at.astype(np.float32), np.float32(end)) for end in (-99, 99)]
    crowd = learnt[0][np.arange(len(at)) % len(learnt[0])]
    for values in around:
        matrix = crowd.copy()
        matrix[np.arange(len(at)), features] = values
        expected = forest.predict_proba(matrix)[:, 1]
        np.testing.assert_allclose(ours.raw_scores(matrix), expected, atol=SINGLE)


def test_a_forest_rounds_large_values_to_single_precision_as_scikit_learn_does(
    learnt: Learnt,
) -> None:
    # next to each other as doubles, several to one single
    values = 2.0**25 + np.arange(400)
    matrix = np.column_stack([values, np.zeros(400)])
    forest = RandomForestClassifier(20, min_samples_leaf=1, random_state=1)
    forest.fit(matrix, learnt[1][:400])
    odd = matrix + np.array([0.5, 0])
    expected = forest.predict_proba(odd)[:, 1]
    np.testing.assert_allclose(Forest.of(forest).raw_scores(odd), expected, atol=SINGLE)


def test_a_forest_without_a_split_gives_everybody_the_same(learnt: Learnt) -> None:
    forest = forest_of((np.ones((500, 2)), learnt[1]))
    ours = Forest.of(forest)
    matrix = np.array([[0.0, 1.0], [5.0, -1.0]])
    expected = forest.predict_proba(matrix)[:, 1]
    np.testing.assert_allclose(ours.raw_scores(matrix), expected, atol=SINGLE)
    assert (ours.contributions(matrix) == 0).all()
    assert (ours.importance() == 0).all()


def test_logistic_regression_scores_as_scikit_learn_does(learnt: Learnt) -> None:
    matrix = learnt[0] / learnt[0].std(axis=0)
    ours = fitted("logistic_regression", (matrix, learnt[1]))
    # another solver, and further
    theirs = LogisticRegression(C=1.0, tol=1e-9, max_iter=2_000).fit(matrix, learnt[1])
    expected = theirs.predict_proba(matrix)[:, 1]
    np.testing.assert_allclose(ours.raw_scores(matrix), expected, atol=1e-4)
    same = Linear(theirs.coef_[0], float(theirs.intercept_[0]))
    np.testing.assert_allclose(same.raw_scores(matrix), expected, atol=1e-12)


def test_boosting_scores_as_xgboost_does(learnt: Learnt) -> None:
    ours = fitted("gradient_boosting", learnt)
    assert isinstance(ours, Boosting)
    (booster,) = ours.boosters
    expected = booster.inplace_predict(learnt[0])
    np.testing.assert_allclose(ours.raw_scores(learnt[0]), expected, atol=1e-6)


def test_bags_are_averaged_in_log_odds(learnt: Learnt) -> None:
    ours = fitted("bagged_boosting", learnt, bags=3)
    assert isinstance(ours, Boosting)
    each = np.array([Boosting((booster,)).raw_scores(learnt[0]) for booster in ours.boosters])
    assert (each.std(axis=0) > 0).all(), "the bags are one and the same"
    np.testing.assert_allclose(
        logit(ours.raw_scores(learnt[0])), logit(each).mean(axis=0), atol=1e-6
    )


def test_the_baselines_score_is_the_number_of_days() -> None:
    days = np.array([[0.0], [7.0], [30.0]])
    ours = Days(3.0)
    np.testing.assert_array_equal(ours.raw_scores(days), [0, 7, 30])
    np.testing.assert_array_equal(ours.contributions(days), days - 3)


# --- Storing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", examples.ALGORITHMS)
def test_a_stored_model_is_the_model(name: str) -> None:
    frame = examples.generate((examples.DATES[-1],), 200)
    features = [ALGORITHMS[name].only_feature] if ALGORITHMS[name].only_feature else FEATURES
    preparation = Preparation.for_linear(frame, [str(one) for one in features], 30)
    labels = frame["is_churned"].to_numpy(bool)
    estimator = fitted(name, (preparation.apply(frame), labels))
    model = Model(preparation, estimator, BetaCalibration(0.7, 1.3, -0.4, 1.0))
    row = examples.row_of(model)
    again = Model.unpack(row)
    assert again.pack() == model.pack() == bytes(row["artifact"])
    assert again.calibration == model.calibration
    assert again.preparation.features == model.preparation.features
    np.testing.assert_array_equal(again.raw_scores(frame), model.raw_scores(frame))
    np.testing.assert_array_equal(again.contributions(frame), model.contributions(frame))
    np.testing.assert_array_equal(again.estimator.importance(), estimator.importance())


# --- Reasons ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes"),
    [("gradient_boosting", {}), ("gradient_boosting", {"max_depth": 6}), ("bagged_boosting", {})],
)
def test_reasons_of_boosting_are_shapley_values(
    learnt: Learnt, name: str, changes: dict[str, Any]
) -> None:
    ours = fitted(name, learnt, **changes)
    assert isinstance(ours, Boosting)
    crowd = learnt[0][:60]
    exact = np.mean(
        [
            shapley.shapley_values(
                shapley.sum_of_trees(shapley.trees_of_booster(booster), crowd), len(FEATURES)
            )
            for booster in ours.boosters
        ],
        axis=0,
    )
    assert np.abs(exact).max() > 0.5
    np.testing.assert_allclose(ours.contributions(crowd), exact, atol=1e-4)


def test_reasons_of_boosting_add_up_to_the_log_odds(learnt: Learnt) -> None:
    ours = fitted("bagged_boosting", learnt)
    assert isinstance(ours, Boosting)
    data = xgboost.DMatrix(learnt[0])
    expected_log_odds = np.mean(
        [booster.predict(data, pred_contribs=True)[:, -1] for booster in ours.boosters], axis=0
    )
    reached = ours.contributions(learnt[0]).sum(axis=1) + expected_log_odds
    np.testing.assert_allclose(reached, logit(ours.raw_scores(learnt[0])), atol=1e-4)


def test_reasons_of_logistic_regression_are_shapley_values_of_independent_features(
    learnt: Learnt,
) -> None:
    frame = examples.generate((examples.DATES[-1],), 500)
    matrix = Preparation.for_linear(frame, FEATURES, examples.WINDOW_DAYS).apply(frame)
    ours = fitted("logistic_regression", (matrix, learnt[1]))
    assert isinstance(ours, Linear)
    crowd = matrix[:40]

    def expected_log_odds(known: frozenset[int]) -> np.ndarray:
        # independent features: the unknown ones are anybody's
        log_odds = []
        for user in crowd:
            anybody = matrix.copy()
            anybody[:, list(known)] = user[list(known)]
            log_odds.append(logit(ours.raw_scores(anybody)).mean())
        return np.array(log_odds)

    exact = shapley.shapley_values(expected_log_odds, len(FEATURES))
    np.testing.assert_allclose(ours.contributions(crowd), exact, atol=1e-9)


def test_reasons_of_a_forest_add_up_to_its_distance_in_log_odds(learnt: Learnt) -> None:
    forest = forest_of(learnt, max_depth=10)
    start = np.mean([member.tree_.value[0, 0, 1] for member in forest.estimators_])
    ends = np.clip(forest.predict_proba(learnt[0])[:, 1], 1e-4, 1 - 1e-4)
    reached = Forest.of(forest).contributions(learnt[0]).sum(axis=1)
    np.testing.assert_allclose(reached, logit(ends) - logit(start), atol=1e-2)


def exact_and_ours(**changes: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shapley values of a forest by their definition, and its contributions, for 300 users."""
    frame = examples.generate((examples.DATES[-1],), 1_500)
    matrix = Preparation.for_trees(FEATURES, examples.WINDOW_DAYS).apply(frame)
    forest = forest_of((matrix, frame["is_churned"].to_numpy(bool)), **changes)
    crowd = matrix[:300]
    game = shapley.sum_of_trees(shapley.trees_of_forest(forest), crowd)
    return shapley.shapley_values(game, len(FEATURES)), Forest.of(forest).contributions(crowd)


def test_reasons_of_a_forest_no_deeper_than_the_cut_are_exact() -> None:
    exact, ours = exact_and_ours(max_depth=10, min_samples_leaf=5)
    factors = (ours * exact).sum(axis=1) / (exact**2).sum(axis=1)
    assert (factors > 0).all()
    np.testing.assert_allclose(ours, exact * factors[:, None], atol=1e-4)


@pytest.mark.parametrize(
    ("least_agreement", "changes"),
    [
        # the study's, whose leaves hold 20 users
        (0.98, {"n_estimators": 20, "max_depth": 20, "min_samples_leaf": 20}),
        # leaves of two users: much of the trees is below the cut
        (0.9, {"max_depth": 25, "min_samples_leaf": 2}),
    ],
)
def test_the_leading_reason_of_a_deeper_forest_is_mostly_the_exact_one(
    least_agreement: float, changes: dict[str, Any]
) -> None:
    exact, ours = exact_and_ours(**changes)
    agreement = np.mean(np.abs(ours).argmax(axis=1) == np.abs(exact).argmax(axis=1))
    assert agreement >= least_agreement
    leading = (np.arange(len(exact)), np.abs(exact).argmax(axis=1))
    assert np.mean(np.sign(ours[leading]) == np.sign(exact[leading])) >= 0.98


# --- Importance ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["logistic_regression", "random_forest", "bagged_boosting"])
def test_importance_is_a_share_of_all_and_nothing_for_a_constant(learnt: Learnt, name: str) -> None:
    matrix, labels = learnt
    with_constant = np.column_stack([matrix / matrix.std(axis=0), np.zeros(len(labels))])
    estimator = fitted(name, (with_constant, labels))
    importance = estimator.importance()
    assert importance.sum() == pytest.approx(1)
    assert (importance >= 0).all() and importance[-1] == 0
    assert (estimator.contributions(with_constant)[:, -1] == 0).all()


def test_importance_is_what_the_libraries_say(learnt: Learnt) -> None:
    forest = forest_of(learnt)
    np.testing.assert_allclose(Forest.of(forest).importance(), forest.feature_importances_)
    boosting = fitted("gradient_boosting", learnt)
    assert isinstance(boosting, Boosting)
    gain = boosting.boosters[0].get_score(importance_type="total_gain")
    expected = np.array([gain.get(f"f{column}", 0.0) for column in range(len(FEATURES))])
    np.testing.assert_allclose(boosting.importance(), expected / expected.sum())


def test_constrained_features_never_turn_round(learnt: Learnt) -> None:
    estimator = fitted("bagged_boosting", learnt, increasing=FEATURES[:1], decreasing=FEATURES[2:3])
    assert moves(estimator.raw_scores, learnt[0], 0).min() >= -1e-7
    assert moves(estimator.raw_scores, learnt[0], 2).max() <= 1e-7
    free = fitted("bagged_boosting", learnt, increasing=[], decreasing=[])
    assert moves(free.raw_scores, learnt[0], 0).min() < -1e-3, "nothing to constrain"


def moves(score: Callable[[np.ndarray], np.ndarray], matrix: np.ndarray, column: int) -> np.ndarray:
    """Changes of scores in 20 steps from the least to the greatest value of a feature."""
    scores = []
    for value in np.quantile(matrix[:, column], np.linspace(0, 1, 21)):
        changed = matrix.copy()
        changed[:, column] = value
        scores.append(score(changed))
    return np.diff(scores, axis=0)


def test_a_linear_score_does_not_depend_on_the_rows_beside_it() -> None:
    """A database hands over rows in any order, and a score must be the same to the bit."""
    draws = np.random.default_rng(1)
    model = Linear(draws.normal(size=66), 0.3)
    matrix = draws.normal(size=(1_001, 66))
    scores = model.raw_scores(matrix)
    shuffled = draws.permutation(len(matrix))
    assert (model.raw_scores(matrix[shuffled]) == scores[shuffled]).all()
    assert (model.raw_scores(np.asfortranarray(matrix)) == scores).all()
    alone = [model.raw_scores(matrix[row : row + 1])[0] for row in range(len(matrix))]
    assert (np.array(alone) == scores).all()
