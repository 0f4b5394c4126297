"""The users' process: arrivals, states, traces."""

from datetime import date

import numpy as np
import pytest
from music_box.sample_logs.calendar import Calendar
from music_box.sample_logs.parameters import UserParameters
from music_box.sample_logs.users import (
    ABSENT,
    AWAY,
    GONE,
    LISTENING,
    Population,
    Traits,
    personal_rates,
    shares_at_age,
    simulate_users,
    step,
    transitions,
    walk,
)
from numpy.typing import NDArray

CALENDAR = Calendar(date(2017, 3, 2), date(2017, 5, 12))
PARAMETERS = UserParameters()
FEATURE_DAYS, LABEL_DAYS = 30, 14
SNAPSHOTS = [29, 43, 57, 71]  # days of a whole build's snapshots, the last one to be scored


def same_traits(users: int) -> Traits:
    """Average users."""
    return Traits(*np.zeros((Traits.count(), users)))


def delivered(population: Population, calendar: Calendar) -> NDArray[np.bool_]:
    """Whether a user left a record on a day in a file that came, shape (users, days)."""
    events = zip(
        ("play", "search", "down"),
        (population.plays, population.searches, population.downloads),
        strict=True,
    )
    seen = [(counts > 0) & ~calendar.is_missing(event)[population.part] for event, counts in events]
    return np.asarray(np.any(seen, axis=0))


@pytest.fixture(scope="module", params=[1, 2, 3])
def service(request: pytest.FixtureRequest) -> NDArray[np.bool_]:
    """Days on which the users of `make build` leave records, for three seeds."""
    chunks = [
        simulate_users(2_000, CALENDAR, PARAMETERS, np.random.default_rng([request.param, chunk]))
        for chunk in range(3)
    ]
    return np.concatenate([delivered(chunk, CALENDAR) for chunk in chunks])


def test_daily_users_of_a_service_do_not_jump(service: NDArray[np.bool_]) -> None:
    """But for the days of the week, none differs from its neighbor by more than 15 %."""
    users = service.sum(axis=0)
    weekday = (CALENDAR.first.weekday() + np.arange(CALENDAR.days)) % 7
    usual = np.array([np.median(users[weekday == number]) for number in range(7)])
    level = users / usual[weekday]
    assert np.abs(level[1:] / level[:-1] - 1).max() < 0.15
    weeks = users[: 10 * 7].reshape(10, 7).mean(axis=1)
    assert np.abs(weeks / weeks.mean() - 1).max() < 0.12


def test_users_of_a_service_arrive_all_along(service: NDArray[np.bool_]) -> None:
    """After a window, first records come as often on the study's first days as on any others."""
    first = service.argmax(axis=1)
    new = np.bincount(first, minlength=CALENDAR.days)
    assert np.abs(new[28:30].mean() / new[21:].mean() - 1) < 0.35
    assert np.abs(new[21:46].mean() / new[46:].mean() - 1) < 0.35


def test_snapshots_of_a_service_are_alike(service: NDArray[np.bool_]) -> None:
    churn, first_days, active_days = [], [], []
    for snapshot in SNAPSHOTS:
        window = service[:, snapshot - FEATURE_DAYS + 1 : snapshot + 1]
        known = window.any(axis=1)
        first_days.append(FEATURE_DAYS - 1 - window[known].argmax(axis=1).mean())
        active_days.append(window[known].sum(axis=1).mean())
        labels = service[known, snapshot + 1 : snapshot + 1 + LABEL_DAYS]
        churn.append(1 - labels.any(axis=1).mean())
    assert np.ptp(churn[:-1]) < 0.05
    assert np.ptp(first_days) < 1.0
    assert np.ptp(active_days) < 0.5


def test_a_small_service_is_steady_by_the_week() -> None:
    population = simulate_users(1_500, CALENDAR, PARAMETERS, np.random.default_rng([1, 0]))
    users = delivered(population, CALENDAR).sum(axis=0)
    weeks = users[: 10 * 7].reshape(10, 7).mean(axis=1)
    assert np.abs(weeks[1:] / weeks[:-1] - 1).max() < 0.15


def test_the_cohort_arrives_on_the_first_days() -> None:
    calendar = Calendar(date(2017, 3, 30), date(2017, 5, 12))
    population = simulate_users(3_000, calendar, PARAMETERS, np.random.default_rng(1))
    assert population.arrival.min() == 0
    assert (population.arrival < 7).mean() > 0.8
    users = population.is_active().sum(axis=0)
    assert users[-7:].mean() < 0.4 * users[1]


def test_every_user_leaves_a_delivered_record() -> None:
    population = simulate_users(3_000, CALENDAR, PARAMETERS, np.random.default_rng(1))
    seen = delivered(population, CALENDAR)
    assert population.size == 3_000
    assert seen.any(axis=1).all()


def test_visits_need_a_present_user() -> None:
    population = simulate_users(2_000, CALENDAR, PARAMETERS, np.random.default_rng(2))
    active, last_day = population.is_active(), CALENDAR.days - 1
    arriving = np.flatnonzero(population.arrival >= 0)
    assert active[arriving, population.arrival[arriving]].all()
    assert 0.2 < len(arriving) / population.size < 0.8
    assert not active[population.state == AWAY].any()
    assert not active[population.state == ABSENT].any()
    left = arriving[population.is_one_day[arriving] & (population.arrival[arriving] < last_day)]
    assert not active[left, population.arrival[left] + 1].any()


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


def test_who_came_before_is_where_a_walk_leads() -> None:
    users, age = 100_000, 40
    rates = personal_rates(same_traits(users), PARAMETERS)
    is_one_day = np.random.default_rng(6).random(users) < 0.3
    arrival = np.zeros(users, dtype=int)
    walked = walk(rates, arrival, is_one_day, age + 1, PARAMETERS, np.random.default_rng(5))
    shares = np.bincount(walked[:, -1], minlength=4) / users
    matrix = transitions(personal_rates(same_traits(1), PARAMETERS), PARAMETERS)
    expected = shares_at_age(matrix, np.array([0.3]), np.array([age]))[:, 0]
    assert np.allclose(shares, expected, atol=0.006)
    drawn = walk(rates, arrival - age, is_one_day, 1, PARAMETERS, np.random.default_rng(7))
    assert np.allclose(np.bincount(drawn[:, 0], minlength=4) / users, expected, atol=0.006)


def test_a_day_after_arrival_tryers_are_gone() -> None:
    matrix = transitions(personal_rates(same_traits(2), PARAMETERS), PARAMETERS)
    shares = shares_at_age(matrix, np.array([0.0, 1.0]), np.array([1, 1]))
    assert np.allclose(shares[:, 0], matrix[LISTENING, :, 0])
    assert shares[GONE, 1] == 1
