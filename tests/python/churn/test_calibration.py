"""Calibration: it never turns the ranking round, finds a known map, and survives any scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from music_box.churn.calibration import BetaCalibration
from scipy.special import expit

Scores = np.ndarray
GRID = np.linspace(0, 1, 201)


def expected_calibration_error(probability: Scores, is_churned: Scores) -> float:
    bins = np.minimum((probability * 10).astype(int), 9)
    gaps = [abs((probability - is_churned)[bins == number].sum()) for number in range(10)]
    return float(sum(gaps) / len(probability))


def simulated(a: float, b: float, c: float, users: int = 50_000) -> tuple[Scores, Scores]:
    """Scores, and labels whose log-odds are the beta map of them."""
    draws = np.random.default_rng(2)
    scores = draws.beta(1.5, 1.2, users)
    return scores, draws.random(users) < expit(a * np.log(scores) - b * np.log(1 - scores) + c)


@settings(max_examples=25, deadline=None)
@given(
    some.lists(some.tuples(some.floats(0, 1), some.booleans()), min_size=2, max_size=40),
    some.sampled_from([1.0, 30.0]),
)
def test_a_higher_score_never_gets_a_lower_probability(
    users: list[tuple[float, bool]], highest: float
) -> None:
    scores = np.array([score for score, _ in users] + [0.4, 0.6]) * highest
    labels = np.array([is_churned for _, is_churned in users] + [True, False])
    calibration = BetaCalibration.fit(scores, labels, highest)
    assert calibration.a >= 0 and calibration.b >= 0 and calibration.a + calibration.b > 0
    probability = calibration.probability(GRID * highest)
    assert (np.diff(probability) >= 0).all()
    # a step is lost only where a double has no room left for it
    has_room = (probability > 1e-12) & (probability < 1 - 1e-12)
    assert (np.diff(probability)[has_room[1:] & has_room[:-1]] > 0).all()
    assert np.isfinite(probability).all()


@pytest.mark.parametrize(
    "known", [(1.0, 1.0, 0.0), (1.5, 0.6, 0.3), (0.4, 2.0, -0.5)], ids=["identity", "low", "high"]
)
def test_it_finds_a_known_map(known: tuple[float, float, float]) -> None:
    found = BetaCalibration.fit(*simulated(*known))
    assert (found.a, found.b, found.c) == pytest.approx(known, abs=0.06)
    expected = expit(known[0] * np.log(GRID[1:-1]) - known[1] * np.log1p(-GRID[1:-1]) + known[2])
    np.testing.assert_allclose(found.probability(GRID[1:-1]), expected, atol=0.015)


@pytest.mark.parametrize("known", [(0.0, 1.0, 0.2), (1.0, 0.0, 0.2)])
def test_a_map_that_bends_one_end_only_leaves_the_other_alone(
    known: tuple[float, float, float],
) -> None:
    found = BetaCalibration.fit(*simulated(*known))
    assert (found.a, found.b, found.c) == pytest.approx(known, abs=0.06)


def test_scores_that_say_the_opposite_give_the_base_rate() -> None:
    scores, labels = simulated(1, 1, 0, 5_000)
    probability = BetaCalibration.fit(scores, ~labels).probability(GRID)
    np.testing.assert_allclose(probability, (~labels).mean(), atol=1e-4)
    assert (np.diff(probability) > 0).all()


@pytest.mark.parametrize("score", [0.0, 0.3, 1.0])
def test_one_score_for_all_gives_the_base_rate(score: float) -> None:
    labels = np.arange(100) < 30
    calibration = BetaCalibration.fit(np.full(100, score), labels)
    assert calibration.probability(np.array([score]))[0] == pytest.approx(0.3, abs=0.01)
    assert (np.diff(calibration.probability(GRID)) > 0).all()


def test_scores_of_exactly_0_and_1_are_finite() -> None:
    calibration = BetaCalibration.fit(np.repeat([0.0, 1.0], 50), np.arange(100) >= 50)
    low, high = calibration.probability(np.array([0.0, 1.0]))
    assert 0 < low < 0.02 and 0.98 < high < 1


def test_scores_outside_their_range_count_as_its_ends() -> None:
    calibration = BetaCalibration(1.0, 1.0, 0.0, highest=30.0)
    ends = calibration.probability(np.array([0.0, 30.0]))
    np.testing.assert_array_equal(calibration.probability(np.array([-5.0, 90.0])), ends)


def test_days_are_read_as_a_part_of_the_window() -> None:
    scores, labels = simulated(1.5, 0.6, 0.3, 5_000)
    days = BetaCalibration.fit(scores * 30, labels, highest=30.0)
    shares = BetaCalibration.fit(scores, labels)
    np.testing.assert_allclose(days.probability(GRID * 30), shares.probability(GRID), atol=1e-6)


def test_a_distorted_score_comes_nearer_to_what_happens() -> None:
    truth, labels = simulated(1, 1, 0, 20_000)
    distorted = truth**3
    half = len(truth) // 2
    calibration = BetaCalibration.fit(distorted[:half], labels[:half])
    raw = expected_calibration_error(distorted[half:], labels[half:])
    after = expected_calibration_error(calibration.probability(distorted[half:]), labels[half:])
    assert raw > 0.15
    assert after < 0.02
