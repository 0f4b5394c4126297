"""The probability that a user falls silent: for who knows all, and for who knows the logs.

Both are computed from the rates of ``users``, for the last snapshot with a whole label window.
The *latent* one is given the user's state and traits on the snapshot's day, which nobody can
know. The one *given the logs* is that of an ideal observer, who knows the process and its
parameters, and sees the days on which the user left records, and how many plays, up to the
snapshot: Bayes' rule over quasi-random draws of the traits, and a forward filter over the four
states for each draw. It ignores how many searches and downloads there were, how far songs were
played, and that parts of the history were spoilt: all this says next to nothing about silence.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtri
from scipy.stats import qmc

from music_box.sample_logs.calendar import PLAY, Calendar
from music_box.sample_logs.names import Texts
from music_box.sample_logs.parameters import UserParameters
from music_box.sample_logs.users import (
    AWAY,
    COOLING,
    GONE,
    LISTENING,
    STATES,
    Population,
    Rates,
    Traits,
    arrival_weights,
    days_before,
    personal_rates,
    shares_at_age,
    traits_of,
    transitions,
)

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

DRAWS = 4_096
USERS_AT_ONCE = 32  # so that an array of users and draws stays in the processor's cache
_DRAW_SEED = 12

README = """Each user's probability of silence in the label window, computed from the process.

silence.csv: one row per simulated user (bots excepted) with a record in the feature window.
  uid                  as in the logs
  snapshot_date        last day of the feature window; the label window is the 14 days after it
  p_silent_latent      given the user's true state and traits on the snapshot date and the true
                       parameters. Nobody can know these: not a bound for any model.
  p_silent_given_logs  given only the user's records up to the snapshot date (days with records,
                       plays per day) and the true parameters, traits integrated out. No model
                       that reads the logs can be expected to rank users better.
  is_silent            1 if the user left no play, download or search in the label window

No feature may read this folder.
"""


# --- the future: no record in the label window ---------------------------------------------------


def silence_ahead(matrix: Floats, rates: Rates, is_weekend: Flags) -> Floats:
    """Probability of no visit on some days, given the state on the first; (states, users)."""
    silent = np.ones((STATES, len(rates.leave)))
    for number, weekend in reversed(list(enumerate(is_weekend.astype(np.int64)))):
        if number < len(is_weekend) - 1:
            silent = np.einsum("ijn,jn->in", matrix, silent)
        silent[LISTENING] *= 1 - rates.visit_listening[weekend]
        silent[COOLING] *= 1 - rates.visit_cooling[weekend]
    return silent


def p_silent_latent(
    population: Population, calendar: Calendar, parameters: UserParameters
) -> Floats:
    """Probability of silence given each user's true state and traits, shape (users,).

    Users who have not arrived by the snapshot get NaN.
    """
    rates = personal_rates(population.traits, parameters)
    matrix = transitions(rates, parameters)
    silent = silence_ahead(matrix, rates, calendar.is_weekend()[calendar.snapshot + 1 :])
    ahead = np.einsum("ijn,jn->in", matrix, silent)
    state = population.state[:, calendar.snapshot].astype(np.int64)
    arrived = state < STATES
    users = np.arange(population.size)
    probability = np.where(arrived, ahead[np.where(arrived, state, GONE), users], np.nan)
    leaves_at_once = population.is_one_day & (population.arrival == calendar.snapshot)
    return np.where(leaves_at_once, silent[GONE], probability)


# --- the past: what the logs show ----------------------------------------------------------------


class PlayLikelihood:
    """Probability of a number of plays on a visit, by look-up: Poisson with log-normal rate.

    Up to ``_EXACT`` plays the mixture is integrated numerically over the log rate; beyond, counts
    are binned, and the log count is taken as normal, with the Poisson part as variance 1/count.
    """

    _EXACT, _BIN, _BINS = 200, 0.02, 170
    _LOW, _STEP, _POINTS = -12.0, 0.04, 576  # grid of mean log rates

    def __init__(self, parameters: UserParameters) -> None:
        self._parameters = parameters
        spread = parameters.plays_day_spread
        means = self._LOW + self._STEP * np.arange(self._POINTS)
        log_rate = np.arange(-16.0, 12.0, 0.02)
        density = np.exp(-0.5 * ((log_rate[:, None] - means) / spread) ** 2)
        density /= density.sum(axis=0)
        further = np.arange(self._EXACT)[:, None]  # plays beyond the first
        poisson = np.exp(further * log_rate - np.exp(log_rate) - gammaln(further + 1))
        count = self._EXACT * np.exp(self._BIN * np.arange(self._BINS))[:, None]
        deviation = np.sqrt(spread**2 + 1 / count)
        binned = np.exp(-0.5 * ((np.log(count) - means) / deviation) ** 2) / deviation / count
        self._table = np.concatenate([poisson @ density, binned / np.sqrt(2 * np.pi)])
        self._table = np.maximum(self._table, 1e-12).astype(np.float32)

    def __call__(self, plays: Indices, log_rate: Singles) -> Singles:
        """Likelihood of each number of plays, shape (visits,), at log rates (visits, draws)."""
        further = np.maximum(plays - 1, 0)
        binned = np.log(np.maximum(further, 1) / self._EXACT) / self._BIN
        row = np.where(
            further < self._EXACT,
            further,
            self._EXACT + np.clip(binned, 0, self._BINS - 1).astype(np.int64),
        )
        column = ((log_rate - self._LOW) / self._STEP + 0.5).astype(np.int32)
        np.clip(column, 0, self._POINTS - 1, out=column)
        return self._table[row[:, None], column]


@dataclass(frozen=True)
class VisibleLog:
    """What an observer sees of some users up to the snapshot; arrays of shape (users, days)."""

    visited: Flags  # any delivered record
    plays: Indices  # delivered plays
    is_hidden: Flags  # the play file was never delivered

    @staticmethod
    def of(population: Population, calendar: Calendar) -> "VisibleLog":
        """The visible part of a population's records."""
        until = slice(0, calendar.snapshot + 1)
        delivered = {
            event: counts[:, until] for event, counts in population.delivered(calendar).items()
        }
        is_hidden = calendar.is_missing(PLAY)[population.part][:, until]
        visited = np.any([counts > 0 for counts in delivered.values()], axis=0)
        return VisibleLog(np.asarray(visited), delivered[PLAY], is_hidden)

    def is_known(self, days: slice) -> Flags:
        """Whether each user has a record on some of the days, shape (users,)."""
        return np.asarray(self.visited[:, days].any(axis=1))

    def take(self, chosen: NDArray[np.intp]) -> "VisibleLog":
        """Some of the users."""
        return VisibleLog(self.visited[chosen], self.plays[chosen], self.is_hidden[chosen])


def _no_other_record(parameters: UserParameters) -> float:
    """Probability that a day of arrival holds neither search nor download."""
    p = parameters
    normal = ndtri((np.arange(2_000) + 0.5) / 2_000)
    searches = np.hypot(p.searches_spread, p.searches_day_spread) * normal
    downloads = np.hypot(p.downloads_spread, p.downloads_day_spread) * normal
    none_searched = np.exp(-np.exp(p.searches_log + p.searches_new + searches)).mean()
    none_downloaded = np.exp(-np.exp(p.downloads_log + p.downloads_new + downloads)).mean()
    return float(
        (1 - p.searcher_share * (1 - none_searched))
        * (1 - p.downloader_share * (1 - none_downloaded))
    )


class IdealObserver:
    """Bayes' rule over traits and states, for users whose logs are given.

    Parameters
    ----------
    calendar : days of the logs; the observer stands at its snapshot.
    parameters : the true parameters of the process.
    draws : number of quasi-random draws of the traits, a power of two.
    """

    def __init__(self, calendar: Calendar, parameters: UserParameters, draws: int = DRAWS) -> None:
        sobol = qmc.Sobol(Traits.count(), rng=np.random.default_rng(_DRAW_SEED))
        self._calendar = calendar
        self._parameters = parameters
        traits = traits_of(ndtri(sobol.random(draws)).T, calendar, parameters)
        rates = personal_rates(traits, parameters)
        matrix = transitions(rates, parameters)
        weekend = calendar.is_weekend()
        self._weekend = weekend.astype(np.int64)
        self._silent = silence_ahead(matrix, rates, weekend[calendar.snapshot + 1 :]).astype(
            np.float32
        )
        self._matrix = matrix.astype(np.float32)
        self._listening = rates.visit_listening.astype(np.float32)
        self._cooling = rates.visit_cooling.astype(np.float32)
        self._one_day = rates.one_day.astype(np.float32)
        self._log_plays = rates.log_plays.astype(np.float32)
        self._fading = rates.fading.astype(np.float32)
        self._likelihood = PlayLikelihood(parameters)
        self._no_other_record = _no_other_record(parameters)
        self._suppose_arrival(draws)

    def _suppose_arrival(self, draws: int) -> None:
        """Let half of the draws suppose that the user of a service came before its logs begin.

        Each of them supposes one day of arrival, by which follows in which states the user may be
        on the first day of the logs. A half of a Sobol sequence is as even as the whole.
        """
        days = days_before(self._calendar, self._parameters)
        self._age = np.zeros(draws, dtype=np.int64)  # on the first day of the logs
        self._first_state = np.zeros((STATES, draws), dtype=np.float32)
        if not days:
            return
        order = np.random.default_rng(_DRAW_SEED).permutation(draws // 2)
        age = 1 + order * days // len(order)
        early = slice(0, len(age))
        self._age[early] = age
        shares = shares_at_age(
            self._matrix[:, :, early].astype(float), self._one_day[early].astype(float), age
        )
        weight = arrival_weights(self._calendar, self._parameters)[:days].sum()
        self._first_state[:, early] = weight * shares

    def _play_likelihoods(
        self, log: VisibleLog, day: int, arrival: Indices
    ) -> tuple[Indices, Singles, Singles]:
        """Users with plays on a day, and their likelihood while listening and cooling.

        ``arrival`` has shape (users, draws), or (users, 1) where draws do not differ.

        Returns rows of shape (seen users,), and two arrays of shape (seen users, draws).
        """
        p = self._parameters
        rows = np.flatnonzero(log.plays[:, day] > 0)
        age = np.maximum(day - arrival[rows], 0).astype(np.float32)
        log_rate = self._log_plays - self._fading * np.minimum(age, p.plays_fading_days)
        log_rate += p.plays_new * np.exp(-age / np.float32(p.plays_new_days))
        plays = log.plays[rows, day]
        cooling = np.float32(np.log(p.plays_cooling_factor))
        return (
            rows,
            self._likelihood(plays, log_rate),
            self._likelihood(plays, log_rate + cooling),
        )

    def _arrival_weights(self, log: VisibleLog) -> Floats:
        """Weight of each day as that of arrival, given the records, shape (users, days).

        Arrival is the first day with records, or an earlier one whose play file is missing: then
        the user left neither search nor download that day.
        """
        day = np.arange(self._calendar.snapshot + 1)
        of_day = arrival_weights(self._calendar, self._parameters)[-self._calendar.days :][
            : len(day)
        ]
        first = log.visited.argmax(axis=1)[:, None]
        return np.where(
            day == first,
            of_day * np.where(log.is_hidden, 1 - self._no_other_record, 1.0),
            np.where((day < first) & log.is_hidden, of_day * self._no_other_record, 0.0),
        )

    def _filter(self, log: VisibleLog) -> Singles:
        """Joint weight of each state on the day after the snapshot, (states, users, draws)."""
        users = len(log.plays)
        matrix = self._matrix
        weights = self._arrival_weights(log).astype(np.float32)
        came_now = self._age == 0
        arrival = weights.argmax(axis=1)[:, None]
        if self._calendar.is_service:
            arrival = np.where(came_now, arrival, -self._age)
        state = np.repeat(self._first_state[:, None], users, axis=1)
        for day in range(self._calendar.snapshot + 1):
            visited = log.visited[:, day, None]
            unknown = log.is_hidden[:, day, None] & ~visited
            rows, listening, cooling = self._play_likelihoods(log, day, arrival)
            for number, rate, likelihood in (
                (LISTENING, self._listening, listening),
                (COOLING, self._cooling, cooling),
            ):
                visit = rate[self._weekend[day]]
                state[number] *= np.where(visited, visit, np.where(unknown, 1, 1 - visit))
                state[number][rows] *= likelihood
            state[AWAY] *= ~visited
            state[GONE] *= ~visited

            arriving = np.flatnonzero(weights[:, day])
            comes = weights[arriving, day, None] * came_now
            comes[np.searchsorted(arriving, np.intersect1d(arriving, rows))] *= listening[
                np.searchsorted(rows, np.intersect1d(arriving, rows))
            ]
            stays, leaves = comes * (1 - self._one_day), comes * self._one_day
            state[LISTENING][arriving] += stays

            before = state
            state = np.stack(
                [
                    before[LISTENING] * matrix[LISTENING, LISTENING]
                    + before[AWAY] * matrix[AWAY, LISTENING]
                    + before[GONE] * matrix[GONE, LISTENING],
                    before[LISTENING] * matrix[LISTENING, AWAY] + before[AWAY] * matrix[AWAY, AWAY],
                    before[LISTENING] * matrix[LISTENING, COOLING]
                    + before[COOLING] * matrix[COOLING, COOLING],
                    before[AWAY] * matrix[AWAY, GONE]
                    + before[COOLING] * matrix[COOLING, GONE]
                    + before[GONE] * matrix[GONE, GONE],
                ]
            )
            state[GONE][arriving] += leaves
            largest = state.max(axis=(0, 2))
            state /= np.where(largest > 0, largest, 1)[:, None]
        return state

    def p_silent(self, log: VisibleLog) -> Floats:
        """Probability of silence in the label window given the logs, shape (users,).

        Users without a record up to the snapshot get NaN.
        """
        probability = np.full(len(log.plays), np.nan)
        known = np.flatnonzero(log.is_known(slice(None)))
        for begin in range(0, len(known), USERS_AT_ONCE):
            rows = known[begin : begin + USERS_AT_ONCE]
            weight = self._filter(log.take(rows))
            total = weight.sum(axis=(0, 2), dtype=np.float64)
            silent = np.einsum("sud,sd->u", weight, self._silent, dtype=np.float64)
            probability[rows] = silent / total
        return probability


class TruthWriter:
    """Writes the truth about chunk after chunk of users."""

    def __init__(self, folder: Path, calendar: Calendar, parameters: UserParameters) -> None:
        self._calendar = calendar
        self._parameters = parameters
        self._observer = IdealObserver(calendar, parameters)
        self._file = folder / "silence.csv"
        (folder / "README.txt").write_text(README)
        with self._file.open("w", newline="") as file:
            csv.writer(file).writerow(
                ["uid", "snapshot_date", "p_silent_latent", "p_silent_given_logs", "is_silent"]
            )

    def write(self, population: Population, uids: Texts) -> None:
        """Append the users of a chunk who have a record in the feature window."""
        log = VisibleLog.of(population, self._calendar)
        chosen = np.flatnonzero(log.is_known(slice(self._calendar.feature_start, None)))
        latent = p_silent_latent(population, self._calendar, self._parameters)[chosen]
        given_logs = self._observer.p_silent(log.take(chosen))
        after = population.is_active()[:, self._calendar.snapshot + 1 :]
        is_silent = np.asarray(~after.any(axis=1))
        snapshot = self._calendar.date_of(self._calendar.snapshot)
        with self._file.open("a", newline="") as file:
            csv.writer(file).writerows(
                (uid.decode(), snapshot, f"{known:.6f}", f"{seen:.6f}", int(silent))
                for uid, known, seen, silent in zip(
                    uids[chosen], latent, given_logs, is_silent[chosen], strict=True
                )
            )
