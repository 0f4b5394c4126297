"""Who arrives when, on which days they come, and how much they do on a visit.

Each user walks through four states, one step a day: LISTENING (comes with a personal
probability), AWAY (a pause), COOLING (still comes, plays little, about to leave) and GONE (which
a few return from). Traits decide the personal rates; ``Rates`` holds them, and is shared with
``truth``, so that the simulation and the probabilities computed from it cannot drift apart.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from music_box.sample_logs.calendar import DOWNLOAD, PARTS, PLAY, SEARCH, Calendar
from music_box.sample_logs.parameters import UserParameters

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]

LISTENING, AWAY, COOLING, GONE = range(4)
STATES = 4
ABSENT = 4  # before arrival


@dataclass(frozen=True)
class Traits:
    """Independent normal traits of deviation 1, each of shape (users,)."""

    engagement: Floats
    volume: Floats
    visiting: Floats
    weekend: Floats
    leaving: Floats
    pausing: Floats
    resuming: Floats
    fading: Floats

    @staticmethod
    def count() -> int:
        """Number of traits."""
        return len(fields(Traits))

    def take(self, chosen: NDArray[np.intp]) -> "Traits":
        """Those of the chosen users, in the order given."""
        return Traits(*(getattr(self, f.name)[chosen] for f in fields(Traits)))


@dataclass(frozen=True)
class Rates:
    """Personal daily probabilities, each of shape (users,) unless said otherwise."""

    visit_listening: Floats  # shape (2, users): on workdays, on weekends
    visit_cooling: Floats  # the same while cooling
    leave: Floats
    pause: Floats
    resume: Floats
    return_: Floats
    one_day: Floats
    log_plays: Floats  # log mean number of further plays on a visit
    fading: Floats  # its decline per day of age


@dataclass(frozen=True)
class Population:
    """Simulated users; arrays of shape (users,) or (users, days)."""

    part: Integers  # which of the three files a day holds the user's records
    is_iphone: Flags
    has_two_devices: Flags
    is_paying: Flags
    traits: Traits
    arrival: Integers  # day from which age counts; negative: before the first day of the logs
    is_one_day: Flags  # gone after the day of arrival
    state: NDArray[np.int8]
    plays: NDArray[np.int32]
    searches: NDArray[np.int32]
    downloads: NDArray[np.int32]
    null_rows: NDArray[np.int32]

    @property
    def size(self) -> int:
        """Number of users."""
        return len(self.part)

    def is_active(self) -> Flags:
        """Whether a user left any record on a day, delivered or not, shape (users, days)."""
        return (self.plays > 0) | (self.searches > 0) | (self.downloads > 0)

    def delivered(self, calendar: Calendar) -> dict[str, Integers]:
        """Records of each event in files that were delivered, shape (users, days)."""
        counts = {PLAY: self.plays, SEARCH: self.searches, DOWNLOAD: self.downloads}
        return {
            event: np.where(calendar.is_missing(event)[self.part], 0, of_event)
            for event, of_event in counts.items()
        }

    def take(self, chosen: NDArray[np.intp]) -> "Population":
        """The chosen users, in the order given."""
        rest = {f.name: getattr(self, f.name)[chosen] for f in fields(self) if f.name != "traits"}
        return Population(traits=self.traits.take(chosen), **rest)


def traits_of(normal: Floats, calendar: Calendar, parameters: UserParameters) -> Traits:
    """Traits from standard normal numbers, shape (traits, users)."""
    traits = Traits(*normal)
    if not calendar.is_service:
        return traits
    return replace(
        traits,
        engagement=traits.engagement + parameters.service_engagement,
        volume=traits.volume + parameters.service_volume,
    )


def personal_rates(traits: Traits, parameters: UserParameters) -> Rates:
    """Turn traits into daily probabilities and play rates."""
    p = parameters
    visit = (
        p.visit_logit
        + p.visit_engagement * traits.engagement
        + p.visit_spread * traits.visiting
        + p.visit_volume * traits.volume
    )
    weekend = p.weekend + p.weekend_spread * traits.weekend
    visit_logit = np.stack([visit, visit + weekend])
    hazard = np.exp(
        p.leave_log_hazard
        + p.leave_engagement * traits.engagement
        + p.leave_volume * traits.volume
        + p.leave_spread * traits.leaving
    )
    pull_back = p.return_engagement * traits.engagement + p.return_volume * traits.volume
    return Rates(
        visit_listening=expit(visit_logit),
        visit_cooling=expit(visit_logit + p.cooling_visit),
        leave=-np.expm1(-hazard),
        pause=expit(
            p.pause_logit + p.pause_spread * traits.pausing + p.pause_engagement * traits.engagement
        ),
        resume=expit(
            p.resume_logit
            + p.resume_spread * traits.resuming
            + p.resume_engagement * traits.engagement
        ),
        return_=-np.expm1(-p.return_rate * np.exp(pull_back)),
        one_day=expit(
            p.one_day_logit
            + p.one_day_engagement * traits.engagement
            + p.one_day_volume * traits.volume
        ),
        log_plays=(
            p.plays_log + p.plays_engagement * traits.engagement + p.plays_volume * traits.volume
        ),
        fading=p.plays_fading * np.exp(p.plays_fading_spread * traits.fading),
    )


def days_before(calendar: Calendar, parameters: UserParameters) -> int:
    """Number of days before the first day of the logs on which users arrive."""
    return parameters.service_days_before if calendar.is_service else 0


def arrival_weights(calendar: Calendar, parameters: UserParameters) -> Floats:
    """Share of users who arrive on each day, those before the logs included; sums to 1."""
    p = parameters
    day = np.arange(days_before(calendar, p) + calendar.days)
    if calendar.is_service:
        return np.full(len(day), 1 / len(day))
    weights = p.arrival_tail * np.exp(-day / p.arrival_tail_days) + p.arrival_constant
    weights[0] += p.arrival_first_day
    weights[1:2] += p.arrival_second_day
    return np.asarray(weights / weights.sum())


def step(
    state: NDArray[np.int8], rates: Rates, parameters: UserParameters, draw: Floats
) -> NDArray[np.int8]:
    """State of the next day, from one uniform number per user; all of shape (users,).

    Listening: leaves with ``leave``, else pauses with ``pause``. Away: gone for good with half
    of ``leave``, else resumes with ``resume``.
    """
    after = state.copy()
    half_leave = rates.leave / 2
    listening, away = state == LISTENING, state == AWAY
    after[listening & (draw < rates.leave + (1 - rates.leave) * rates.pause)] = AWAY
    after[listening & (draw < rates.leave)] = COOLING
    after[away & (draw < half_leave + (1 - half_leave) * rates.resume)] = LISTENING
    after[away & (draw < half_leave)] = GONE
    after[(state == COOLING) & (draw < parameters.cooling_ends)] = GONE
    after[(state == GONE) & (draw < rates.return_)] = LISTENING
    return after


def transitions(rates: Rates, parameters: UserParameters) -> Floats:
    """Probability of each next state, shape (from, to, users): the steps of ``step``."""
    matrix = np.zeros((STATES, STATES, len(rates.leave)))
    half_leave = rates.leave / 2
    matrix[LISTENING, COOLING] = rates.leave
    matrix[LISTENING, AWAY] = (1 - rates.leave) * rates.pause
    matrix[AWAY, GONE] = half_leave
    matrix[AWAY, LISTENING] = (1 - half_leave) * rates.resume
    matrix[COOLING, GONE] = parameters.cooling_ends
    matrix[GONE, LISTENING] = rates.return_
    for state in range(STATES):
        matrix[state, state] = 1 - matrix[state].sum(axis=0)
    return matrix


def shares_at_age(matrix: Floats, one_day: Floats, age: Integers) -> Floats:
    """Probability of each state some days after arrival, shape (states, users).

    Parameters
    ----------
    matrix : transition probabilities, shape (from, to, users).
    one_day : probability of being gone on the day after arrival, shape (users,).
    age : days since arrival, at least 1, shape (users,).
    """
    shares = (1 - one_day) * matrix[LISTENING]
    shares[GONE] += one_day
    left = age - 1
    while left.any():  # one squaring for each binary digit of the age
        shares = np.where(left % 2, np.einsum("in,ijn->jn", shares, matrix), shares)
        matrix = np.einsum("ijn,jkn->ikn", matrix, matrix)
        left = left // 2
    return np.asarray(shares)


def walk(
    rates: Rates,
    arrival: Integers,
    is_one_day: Flags,
    days: int,
    parameters: UserParameters,
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    """States from arrival to the last day, shape (users, days); ABSENT before arrival.

    Who arrived before the first day begins it in one of the states they may have reached.
    """
    first_draw = rng.random(len(arrival))
    draws = rng.random((days, len(arrival)))
    states = np.full((days, len(arrival)), ABSENT, dtype=np.int8)
    early = np.flatnonzero(arrival < 0)
    matrix = transitions(rates, parameters)[:, :, early]
    shares = shares_at_age(matrix, is_one_day[early].astype(float), -arrival[early])
    states[0, early] = (np.cumsum(shares[:-1], axis=0) < first_draw[early]).sum(axis=0)
    states[0, arrival == 0] = LISTENING
    for day in range(1, days):
        states[day] = step(states[day - 1], rates, parameters, draws[day])
        states[day, is_one_day & (arrival == day - 1)] = GONE
        states[day, arrival == day] = LISTENING
    return np.ascontiguousarray(states.T)


def _visits(
    state: NDArray[np.int8],
    rates: Rates,
    arrival: Integers,
    is_weekend: Flags,
    rng: np.random.Generator,
) -> Flags:
    """Whether each user comes on each day, shape (users, days); always on a day of arrival."""
    weekend = is_weekend.astype(np.int64)
    probability = np.where(
        state == LISTENING,
        rates.visit_listening[weekend].T,
        np.where(state == COOLING, rates.visit_cooling[weekend].T, 0.0),
    )
    visits = rng.random(state.shape) < probability
    arriving = np.flatnonzero(arrival >= 0)
    visits[arriving, arrival[arriving]] = True
    return visits


def _counts(
    state: NDArray[np.int8],
    visits: Flags,
    rates: Rates,
    arrival: Integers,
    parameters: UserParameters,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Plays, searches and downloads per user and day, each of shape (users, days)."""
    p = parameters
    users = len(state)
    user, day = np.nonzero(visits)
    age = np.maximum(day - arrival[user], 0)
    cooling = state[user, day] == COOLING

    log_plays = (
        rates.log_plays[user]
        + p.plays_new * np.exp(-age / p.plays_new_days)
        + np.log(p.plays_cooling_factor) * cooling
        - rates.fading[user] * np.minimum(age, p.plays_fading_days)
        + p.plays_day_spread * rng.standard_normal(len(user))
    )
    plays = 1 + rng.poisson(np.exp(np.minimum(log_plays, p.plays_log_rate_limit)))

    is_searcher = rng.random(users) < p.searcher_share
    searching = p.searches_log + p.searches_spread * rng.standard_normal(users)
    log_searches = (
        searching[user]
        + p.searches_new * np.exp(-age / p.searches_new_days)
        + p.searches_cooling * cooling
        + p.searches_day_spread * rng.standard_normal(len(user))
    )
    searches = rng.poisson(np.exp(log_searches)) * is_searcher[user]

    is_downloader = rng.random(users) < p.downloader_share
    downloading = p.downloads_log + p.downloads_spread * rng.standard_normal(users)
    log_downloads = (
        downloading[user]
        + p.downloads_new * np.exp(-age / p.downloads_new_days)
        + p.downloads_day_spread * rng.standard_normal(len(user))
    )
    log_downloads = np.minimum(log_downloads, p.plays_log_rate_limit)
    downloads = rng.poisson(np.exp(log_downloads)) * is_downloader[user]

    never_plays = (rng.random(users) < p.never_plays_share)[user]
    skip_plays = rng.random(len(user)) < p.no_play_visit_share * np.exp(
        -plays / p.no_play_visit_scale
    )
    searches += never_plays  # so that every visit leaves a record
    plays[never_plays | (skip_plays & (searches + downloads > 0))] = 0

    grids = []
    for count in (plays, searches, downloads):
        grid = np.zeros(state.shape, dtype=np.int32)
        grid[user, day] = count
        grids.append(grid)
    return grids[0], grids[1], grids[2]


def _simulate(
    users: int, calendar: Calendar, parameters: UserParameters, rng: np.random.Generator
) -> Population:
    """Simulate some users, and keep those who may come while there are logs."""
    p = parameters
    traits = traits_of(rng.standard_normal((Traits.count(), users)), calendar, p)
    rates = personal_rates(traits, p)
    weights = arrival_weights(calendar, p)
    arrival = rng.choice(len(weights), size=users, p=weights) - days_before(calendar, p)
    is_one_day = rng.random(users) < rates.one_day
    state = walk(rates, arrival, is_one_day, calendar.days, p, rng)
    present = np.flatnonzero(np.isin(state, (LISTENING, COOLING)).any(axis=1))
    traits, arrival, is_one_day = traits.take(present), arrival[present], is_one_day[present]
    state, rates, users = state[present], personal_rates(traits, p), len(present)
    visits = _visits(state, rates, arrival, calendar.is_weekend(), rng)
    plays, searches, downloads = _counts(state, visits, rates, arrival, p, rng)
    has_null_rows = rng.random(users) < p.null_row_share
    null_rows = rng.poisson(p.null_rows / 10, size=plays.shape) * (plays > 0)
    return Population(
        part=rng.integers(len(PARTS), size=users),
        is_iphone=rng.random(users) < p.iphone_share,
        has_two_devices=rng.random(users) < p.two_device_share,
        is_paying=rng.random(users) < p.paying_share,
        traits=traits,
        arrival=arrival,
        is_one_day=is_one_day,
        state=state,
        plays=plays,
        searches=searches,
        downloads=downloads,
        null_rows=(null_rows * has_null_rows[:, None]).astype(np.int32),
    )


def _leaves_a_trace(population: Population, calendar: Calendar) -> Flags:
    """Whether any record of a user is in a file that was delivered, shape (users,)."""
    traces = [counts.any(axis=1) for counts in population.delivered(calendar).values()]
    return np.asarray(np.any(traces, axis=0))


def simulate_users(
    users: int, calendar: Calendar, parameters: UserParameters, rng: np.random.Generator
) -> Population:
    """Simulate a chunk of users, in random order.

    Every one of them leaves at least one record in a delivered file: a user whose only records
    lie in missing files is unknown to the logs, and replaced.
    """
    batches: list[Population] = []
    missing = users
    while missing > 0:
        batch = _simulate(missing + missing // 8 + 8, calendar, parameters, rng)
        keep = np.flatnonzero(_leaves_a_trace(batch, calendar))
        batches.append(batch.take(keep[:missing]))
        missing -= batches[-1].size
    order = rng.permutation(users)
    return concatenate(batches).take(order)


def concatenate(populations: list[Population]) -> Population:
    """All users of several populations, in order."""
    traits = Traits(
        *(
            np.concatenate([getattr(one.traits, f.name) for one in populations])
            for f in fields(Traits)
        )
    )
    rest = {
        f.name: np.concatenate([getattr(one, f.name) for one in populations])
        for f in fields(Population)
        if f.name != "traits"
    }
    return Population(traits=traits, **rest)
