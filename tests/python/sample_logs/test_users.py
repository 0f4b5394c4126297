"""The users' process: arrivals, states, traces."""

from datetime import date

import numpy as np
from music_box.sample_logs.calendar import Calendar
from music_box.sample_logs.parameters import UserParameters
from music_box.sample_logs.users import transitions
from music_box.sample_logs.users import (
    ABSENT,
    AWAY,
    LISTENING,
    Traits,
    early_leavers,
    personal_rates,
    simulate_users,
    step,
    walk_back,
)

CALENDAR = Calendar(date(2017, 3, 2), date(2017, 5, 12))
PARAMETERS = UserParameters()


def same_traits(users: int) -> Traits:
    """Average users."""
    return Traits(*np.zeros((Traits.count(), users)))


def test_every_user_leaves_a_delivered_record() -> None:
    population = simulate_users(3_000, CALENDAR, PARAMETERS, np.random.default_rng(1))
    missing = CALENDAR.is_play_file_missing()[population.part]
    seen = np.where(missing, 0, population.plays) + population.searches + population.downloads
    assert population.size == 3_000
    assert (seen.sum(axis=1) > 0).all()


def test_early_leavers_are_silent_on_calibrated_days() -> None:
    population = simulate_users(3_000, CALENDAR, PARAMETERS, np.random.default_rng(1))
    active = population.is_active()
    early = population.arrival < CALENDAR.start
    assert early.sum() == early_leavers(3_000, CALENDAR, PARAMETERS) > 0
    assert not active[early, CALENDAR.start :].any()
    assert active[~early, CALENDAR.start :].any(axis=1).all()


def test_history_does_not_change_the_calibrated_days() -> None:
    without = Calendar(date(2017, 3, 30), date(2017, 5, 12))
    churn = []
    for calendar in (CALENDAR, without):
        population = simulate_users(20_000, calendar, PARAMETERS, np.random.default_rng(1))
        active = population.is_active()[:, calendar.start :]
        known = active[:, :30].any(axis=1)
        churn.append((~active[known, 30:].any(axis=1)).mean())
    assert abs(churn[0] - churn[1]) < 0.015


def test_visits_need_a_present_user() -> None:
    population = simulate_users(2_000, CALENDAR, PARAMETERS, np.random.default_rng(2))
    active = population.is_active()
    one_day = population.is_one_day & (population.arrival >= CALENDAR.start)
    users = np.arange(population.size)
    assert active[users, population.arrival].all()
    assert not active[population.state == AWAY].any()
    assert not active[population.state == ABSENT].any()
    after = np.minimum(population.arrival + 1, CALENDAR.days - 1)
    assert not active[users, after][one_day & (after > population.arrival)].any()


def test_steps_follow_the_transition_probabilities() -> None:
    users = 400_000
    rates = personal_rates(same_traits(users), PARAMETERS)
    matrix = transitions(personal_rates(same_traits(1), PARAMETERS), PARAMETERS)[:, :, 0]
    assert np.allclose(matrix.sum(axis=1), 1)
    draws = np.random.default_rng(4).random(users)
    for state in range(4):
        after = step(np.full(users, state, dtype=np.int8), rates, PARAMETERS, draws)
        shares = np.bincount(after, minlength=4) / users
        assert np.allclose(shares, matrix[state], atol=0.003)


def test_the_past_runs_like_the_future() -> None:
    users, days = 100_000, 28
    rates = personal_rates(same_traits(users), PARAMETERS)
    past = walk_back(rates, np.ones(users, dtype=bool), days, np.random.default_rng(5))
    pause, resume = rates.pause[0], rates.resume[0]
    ahead = np.linalg.matrix_power(np.array([[1 - pause, pause], [resume, 1 - resume]]), days)
    assert abs((past[:, 0] == LISTENING).mean() - ahead[0, 0]) < 0.006
    assert abs((past[:, -1] == AWAY).mean() - pause) < 0.003
