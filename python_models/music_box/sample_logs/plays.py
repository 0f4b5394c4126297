"""Which songs a user plays, and how far they get.

A play is a song new to the user or a copy of an earlier play, so that what was played often is
played more (Simon's process). New songs come from a singer the user has played, from the user's
own styles, from everywhere, or from the chart. Copies are pointers to earlier plays; following
all of them at once, again and again, replaces a loop over plays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from music_box.sample_logs.catalogue import Catalogue, song_length
from music_box.sample_logs.parameters import PlayParameters

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

COPY, SAME_SINGER, OWN_STYLE, ANYWHERE, CHART = range(5)


@dataclass(frozen=True)
class Plays:
    """Plays in order of user and time, each array of shape (plays,)."""

    user: Indices  # within the chunk
    day: Indices
    song: Indices
    is_local: Flags
    seconds: Indices
    length: Indices


def expand(counts: NDArray[np.int32]) -> tuple[Indices, Indices]:
    """User and day of each single event, from counts of shape (users, days)."""
    user, day = np.nonzero(counts)
    repeats = counts[user, day]
    return np.repeat(user, repeats), np.repeat(day, repeats)


def _positions(user: Indices) -> tuple[Indices, Indices]:
    """Number of each play within its user, and where the user's plays begin."""
    begins = np.flatnonzero(np.r_[True, user[1:] != user[:-1]]) if len(user) else user
    begin = np.repeat(begins, np.diff(np.r_[begins, len(user)]))
    return np.arange(len(user)) - begin, begin


def _earlier_play(position: Indices, p: PlayParameters, rng: np.random.Generator) -> Indices:
    """Number of the play to copy: the previous one, any, or one of a log-uniform lag."""
    kind = rng.random(len(position))
    draw = rng.random(len(position))
    anywhere = (draw * position).astype(np.int64)
    lag = np.minimum((position + 1.0) ** draw, position).astype(np.int64)
    is_uniform = kind < p.copy_previous + (1 - p.copy_previous) * p.copy_uniform
    earlier = np.where(is_uniform, anywhere, position - lag)
    return np.where(kind < p.copy_previous, position - 1, earlier)


def _sources(
    user: Indices, users: int, position: Indices, p: PlayParameters, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Where each play's song comes from, shape (plays,)."""
    factor = expit(p.novelty_centre + p.novelty_spread * rng.standard_normal(users))[user]
    decline = 1 / np.sqrt(1 + position / p.novelty_scale)
    novelty = factor * (p.novelty_floor + (1 - p.novelty_floor) * decline)
    is_first = position == 0
    is_new = (rng.random(len(user)) < novelty) | is_first
    other = rng.random(len(user))
    source = np.where(
        other < p.source_global,
        ANYWHERE,
        np.where(other < p.source_global + p.source_chart, CHART, OWN_STYLE),
    )
    source[(rng.random(len(user)) < p.same_singer) & ~is_first] = SAME_SINGER
    source[~is_new] = COPY
    return source.astype(np.int8)


def _follow(pointer: Indices) -> Indices:
    """The play at the end of each chain of pointers; a play that points to itself ends one."""
    while True:
        further = pointer[pointer]
        if np.array_equal(further, pointer):
            return pointer
        pointer = further


def _style_borders(
    user: Indices, users: int, catalogue: Catalogue, p: PlayParameters, rng: np.random.Generator
) -> Floats:
    """Borders of one of the user's own styles for each play, shape (plays, 2).

    A user has a few styles, drawn by popularity, with Dirichlet weights.
    """
    edges = catalogue.style_borders[:, 1]
    drawn = np.searchsorted(edges, rng.random((users, p.styles_per_user)), side="right")
    styles = np.minimum(drawn, len(edges) - 1)
    weights = np.cumsum(rng.dirichlet(np.ones(p.styles_per_user), size=users), axis=1)
    draw = rng.random(len(user))
    place = np.zeros(len(user), dtype=np.int64)
    for column in range(p.styles_per_user - 1):
        place += draw > weights[user, column]
    return catalogue.style_borders[styles[user, place]]


def choose_songs(
    user: Indices,
    day: Indices,
    users: int,
    catalogue: Catalogue,
    p: PlayParameters,
    rng: np.random.Generator,
) -> tuple[Indices, NDArray[np.int8]]:
    """Song and source of each play; ``day`` counts from the first calibrated day.

    Parameters
    ----------
    user, day : arrays of shape (plays,), in order of user and time.
    """
    position, begin = _positions(user)
    source = _sources(user, users, position, p, rng)
    itself = np.arange(len(user))
    earlier = begin + np.where(
        source == SAME_SINGER,
        (rng.random(len(user)) * position).astype(np.int64),
        _earlier_play(position, p, rng),
    )

    song = np.zeros(len(user), dtype=np.int64)
    chosen = np.flatnonzero(source == ANYWHERE)
    song[chosen] = catalogue.draw_anywhere(len(chosen), rng)
    chosen = np.flatnonzero(source == CHART)
    song[chosen] = catalogue.draw_from_chart(day[chosen], rng)
    chosen = np.flatnonzero(source == OWN_STYLE)
    borders = _style_borders(user[chosen], users, catalogue, p, rng)
    song[chosen] = catalogue.draw(borders[:, 0], borders[:, 1], rng)

    singer_of = _follow(np.where(source <= SAME_SINGER, earlier, itself))
    chosen = np.flatnonzero(source == SAME_SINGER)
    borders = catalogue.singer_borders[catalogue.singer[song[singer_of[chosen]]]]
    song[chosen] = catalogue.draw(borders[:, 0], borders[:, 1], rng)

    while True:  # a song that is not out yet gives way to any other
        too_early = np.flatnonzero((source != COPY) & (catalogue.release_day[song] > day))
        if not len(too_early):
            break
        song[too_early] = catalogue.draw_anywhere(len(too_early), rng)
    return song[_follow(np.where(source == COPY, earlier, itself))], source


def _completion(
    user: Indices,
    source: NDArray[np.int8],
    engagement: Floats,
    p: PlayParameters,
    rng: np.random.Generator,
) -> Floats:
    """Share of each song that is played, shape (plays,); a little above 1 at times."""
    users, plays = len(engagement), len(user)
    tendency = (
        p.full_user_centre
        + p.full_user_spread * rng.standard_normal(users)
        + p.full_user_engagement * engagement
    )
    effect = np.zeros(5)
    effect[[COPY, ANYWHERE, CHART]] = p.full_repeat, p.full_global, p.full_chart
    effect[[SAME_SINGER, OWN_STYLE]] = p.full_own_taste
    is_full = rng.random(plays) < expit(tendency[user] + p.full_base + effect[source])

    draw, kind = rng.random(plays), rng.random(plays)
    to_the_end = np.where(
        kind < 0.90, 1 - draw / 240, np.where(kind < 0.96, 0.85 + 0.15 * draw, 1 + 0.05 * draw)
    )
    share = np.where(is_full, to_the_end, 0.0)
    share[~is_full] = rng.beta(p.partial_alpha, p.partial_beta, size=int((~is_full).sum()))

    played = np.bincount(user, minlength=users)
    is_odd = rng.random(users) < p.odd_user_share * np.exp(-played / p.odd_user_plays)
    usual = rng.uniform(p.odd_low, p.odd_high, size=users)
    odd = np.flatnonzero(is_odd[user] & (rng.random(plays) < p.odd_play_share))
    share[odd] = np.clip(usual[user[odd]] + p.odd_spread * rng.standard_normal(len(odd)), 0.0, 1.0)
    return share


def simulate_plays(
    counts: NDArray[np.int32],
    start: int,
    engagement: Floats,
    catalogue: Catalogue,
    p: PlayParameters,
    rng: np.random.Generator,
) -> Plays:
    """All plays of a chunk of users.

    Parameters
    ----------
    counts : plays per user and day, shape (users, days).
    start : number of the first calibrated day.
    engagement : the users' trait, shape (users,).
    """
    users = len(counts)
    user, day = expand(counts)
    song, source = choose_songs(user, day - start, users, catalogue, p, rng)
    length = song_length(song)
    completion = _completion(user, source, engagement, p, rng)
    local_rate = np.where(
        rng.random(users) < p.local_user_share,
        rng.beta(p.local_alpha, p.local_beta, size=users),
        p.local_rate_of_others,
    )
    return Plays(
        user=user,
        day=day,
        song=song,
        is_local=rng.random(len(user)) < local_rate[user],
        seconds=np.rint(completion * length).astype(np.int64),
        length=length,
    )
