"""The true probabilities: right on average, in every bin, and in the right order."""

from datetime import date

import numpy as np
import pytest
from music_box.sample_logs.calendar import Calendar
from music_box.sample_logs.parameters import UserParameters
from music_box.sample_logs.truth import (
    IdealObserver,
    PlayLikelihood,
    VisibleLog,
    p_silent_latent,
)
from music_box.sample_logs.users import Population, simulate_users
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

PARAMETERS = UserParameters()
SERVICE = Calendar(date(2017, 3, 2), date(2017, 5, 12))
COHORT = Calendar(date(2017, 3, 30), date(2017, 5, 12))

Floats = NDArray[np.float64]


def population_of(users: int, calendar: Calendar) -> Population:
    """Some users, seed fixed."""
    return simulate_users(users, calendar, PARAMETERS, np.random.default_rng(77))


@pytest.fixture(scope="module", params=["service", "cohort"])
def truth(request: pytest.FixtureRequest) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Latent and logs-only probability, and what happened, of users in the feature window."""
    calendar = SERVICE if request.param == "service" else COHORT
    population = population_of(5_000, calendar)
    latent = p_silent_latent(population, calendar, PARAMETERS)
    log = VisibleLog.of(population, calendar)
    given_logs = IdealObserver(calendar, PARAMETERS, draws=1_024).p_silent(log)
    known = np.asarray(log.visited[:, calendar.feature_start :].any(axis=1))
    silent = np.asarray(~population.is_active()[:, calendar.snapshot + 1 :].any(axis=1))
    return latent[known], given_logs[known], silent[known]


def test_probabilities_lie_between_0_and_1(
    truth: tuple[Floats, Floats, NDArray[np.bool_]],
) -> None:
    for probability in truth[:2]:
        assert np.isfinite(probability).all()
        assert (probability >= 0).all()
        assert (probability <= 1 + 1e-6).all()


def test_probabilities_are_calibrated(truth: tuple[Floats, Floats, NDArray[np.bool_]]) -> None:
    silent = truth[2]
    for probability in truth[:2]:
        assert abs(probability.mean() - silent.mean()) < 0.02
        fifths = np.minimum((probability * 5).astype(int), 4)
        for fifth in range(5):
            chosen = fifths == fifth
            error = np.sqrt(0.25 / chosen.sum())
            assert abs(probability[chosen].mean() - silent[chosen].mean()) < 0.03 + 3 * error


def test_who_knows_more_ranks_better(truth: tuple[Floats, Floats, NDArray[np.bool_]]) -> None:
    latent, given_logs, silent = truth
    assert roc_auc_score(silent, latent) > roc_auc_score(silent, given_logs) + 0.02
    assert roc_auc_score(silent, given_logs) > 0.85


def test_observer_reads_nothing_after_the_snapshot() -> None:
    population = population_of(300, SERVICE)
    observer = IdealObserver(SERVICE, PARAMETERS, draws=256)
    before = observer.p_silent(VisibleLog.of(population, SERVICE))
    for counts in (population.plays, population.searches, population.downloads):
        counts[:, SERVICE.snapshot + 1 :] = 7
    after = observer.p_silent(VisibleLog.of(population, SERVICE))
    assert np.array_equal(before, after, equal_nan=True)


def test_observer_does_not_see_missing_files() -> None:
    population = population_of(2_000, COHORT)
    log = VisibleLog.of(population, COHORT)
    hidden = COHORT.is_missing("play")[population.part][:, : log.plays.shape[1]]
    assert population.plays[:, : log.plays.shape[1]][hidden].sum() > 0
    assert log.plays[hidden].sum() == 0


def test_play_likelihood_agrees_with_simulated_plays() -> None:
    likelihood = PlayLikelihood(PARAMETERS)
    rng = np.random.default_rng(8)
    for mean in (-2.0, 1.0, 3.0):
        rate = np.exp(mean + PARAMETERS.plays_day_spread * rng.standard_normal(400_000))
        shares = np.bincount(1 + rng.poisson(rate), minlength=200)[:200] / 400_000
        plays = np.arange(1, 60)
        computed = likelihood(plays, np.full((len(plays), 1), mean, dtype=np.float32))[:, 0]
        assert np.allclose(computed, shares[1:60], atol=0.003)


def test_play_likelihood_has_no_step_between_exact_and_binned() -> None:
    likelihood = PlayLikelihood(PARAMETERS)
    plays = np.array([199, 200, 201, 202])
    values = likelihood(plays, np.full((4, 1), 5.0, dtype=np.float32))[:, 0]
    assert np.allclose(values / values[0], 1, atol=0.05)
