"""Songs, singers and styles with their popularity; the same in every run.

Songs are sorted by style and singer, so that one cumulative sum of popularity serves draws from
everything, from a style and from a singer alike: a uniform number between two borders, and one
binary search. Popularity within every such range keeps its proportions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from music_box.sample_logs import names
from music_box.sample_logs.parameters import CALIBRATED_DAYS, CatalogueParameters

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

ALWAYS_OUT = -32_000  # release day of a song that is not fresh
FIRST_ID, ID_RANGE, ID_STEP = 60_000, 23_340_000, 13_466_917  # step and range are coprime
FIRST_FRESH_ID = 23_440_000  # new songs have the highest ids


@dataclass(frozen=True)
class Catalogue:
    """Songs by number; days are counted from the first calibrated day."""

    cumulative: Floats  # popularity up to and including each song, shape (songs,)
    singer: NDArray[np.int32]  # shape (songs,)
    singer_borders: Floats  # cumulative popularity around each singer, shape (singers, 2)
    style_borders: Floats  # the same for styles, shape (styles, 2)
    song_id: Indices  # the id in the logs, shape (songs,)
    release_day: NDArray[np.int16]  # shape (songs,)
    chart_days: range  # days that have a chart
    chart_songs: Indices  # shape (chart days, chart length)
    chart_cumulative: Floats  # share of the chart up to each place, same shape

    def draw(self, low: Floats, high: Floats, rng: np.random.Generator) -> Indices:
        """One song between each pair of borders, by popularity, shape (draws,)."""
        point = low + (high - low) * rng.random(len(low))
        found = np.searchsorted(self.cumulative, point, side="right")
        return np.minimum(found, len(self.cumulative) - 1)

    def draw_anywhere(self, draws: int, rng: np.random.Generator) -> Indices:
        """Songs of the whole catalogue, by popularity, shape (draws,)."""
        return self.draw(np.zeros(draws), np.ones(draws), rng)

    def draw_from_chart(self, day: Indices, rng: np.random.Generator) -> Indices:
        """One song of each day's chart, shape (draws,); days without one draw anywhere."""
        row = day - self.chart_days.start
        has_chart = (row >= 0) & (row < len(self.chart_days))
        songs = self.draw_anywhere(len(day), rng)
        row = row[has_chart]
        stacked = (self.chart_cumulative + np.arange(len(self.chart_days))[:, None]).ravel()
        place = np.searchsorted(stacked, row + rng.random(len(row)), side="right")
        songs[has_chart] = self.chart_songs.ravel()[np.minimum(place, stacked.size - 1)]
        return songs


def _popularity(parameters: CatalogueParameters) -> Floats:
    """Share of plays of each popularity rank, most popular first, shape (songs,)."""
    p = parameters
    rank = np.arange(1, p.songs + 1)
    weight = (rank + p.head_offset) ** -p.head_exponent
    weight *= (1 + rank / p.tail_scale) ** -p.tail_exponent
    return np.asarray(weight / weight.sum())


def _borders(group: NDArray[np.int32], groups: int, cumulative: Floats) -> Floats:
    """Cumulative popularity before and after each group of a sorted array, (groups, 2)."""
    with_zero = np.concatenate([[0.0], cumulative])
    numbers = np.arange(groups)
    return np.stack(
        [
            with_zero[np.searchsorted(group, numbers, side="left")],
            with_zero[np.searchsorted(group, numbers, side="right")],
        ],
        axis=1,
    )


def _charts(
    popularity: Floats, release_day: NDArray[np.int16], parameters: CatalogueParameters
) -> tuple[range, Indices, Floats]:
    """Days with a chart, their songs and cumulative shares: fresh songs, fading with age."""
    p = parameters
    days = range(-p.fresh_days_before // 2, CALIBRATED_DAYS)
    fresh = np.flatnonzero(release_day != ALWAYS_OUT)
    songs = np.empty((len(days), p.chart_length), dtype=np.int64)
    shares = np.empty((len(days), p.chart_length))
    for row, day in enumerate(days):
        out = fresh[release_day[fresh] <= day]
        weight = popularity[out] * np.exp(-(day - release_day[out]) / p.chart_days)
        best = np.argsort(-weight, kind="stable")[: p.chart_length]
        songs[row] = out[best]
        shares[row] = np.cumsum(weight[best]) / weight[best].sum()
    return days, songs, shares


def build_catalogue(parameters: CatalogueParameters) -> Catalogue:
    """Build the catalogue from its own fixed seed."""
    p = parameters
    rng = np.random.default_rng(p.seed)
    singer_share = (np.arange(p.singers) + p.singer_offset) ** -p.singer_exponent
    singer_share /= singer_share.sum()
    singer_order = rng.permutation(p.singers)  # position in the order of styles
    style = np.sort(rng.integers(p.styles, size=p.singers))  # of each position
    drawn = np.searchsorted(np.cumsum(singer_share), rng.random(p.songs), side="right")
    singer = singer_order[np.minimum(drawn, p.singers - 1)].astype(np.int32)

    order = np.argsort(singer, kind="stable")  # rank of each song, in the order of singers
    singer = singer[order]
    popularity = _popularity(p)[order]
    cumulative = np.cumsum(popularity)
    cumulative /= cumulative[-1]

    known_days = p.fresh_days_before + CALIBRATED_DAYS
    is_fresh = rng.random(p.songs) < p.fresh_share_per_day * known_days
    release_day = np.where(
        is_fresh, rng.integers(-p.fresh_days_before, CALIBRATED_DAYS, size=p.songs), ALWAYS_OUT
    ).astype(np.int16)
    chart_days, chart_songs, chart_cumulative = _charts(popularity, release_day, p)
    return Catalogue(
        cumulative=cumulative,
        singer=singer,
        singer_borders=_borders(singer, p.singers, cumulative),
        style_borders=_borders(style[singer].astype(np.int32), p.styles, cumulative),
        song_id=_song_ids(is_fresh),
        release_day=release_day,
        chart_days=chart_days,
        chart_songs=chart_songs,
        chart_cumulative=chart_cumulative,
    )


def _song_ids(is_fresh: NDArray[np.bool_]) -> Indices:
    """The id under which the logs know each song, shape (songs,)."""
    ids = FIRST_ID + np.arange(len(is_fresh)) * ID_STEP % ID_RANGE
    ids[is_fresh] = FIRST_FRESH_ID + np.arange(is_fresh.sum())
    return ids


_LENGTH_POINTS = 4_096
_KINDS = (  # share of songs, shortest and longest seconds
    ("ringtone", 0.045, (15, 90)),
    ("long", 0.020, (420, 1_200)),
    ("programme", 0.010, (1_334, 5_400)),
)


def _length_table() -> Indices:
    """Quantiles of song length in seconds: songs proper, ringtones, and the long ones."""
    point = (np.arange(_LENGTH_POINTS) + 0.5) / _LENGTH_POINTS
    lengths = np.empty(_LENGTH_POINTS)
    start = 0.0
    for _, share, (low, high) in _KINDS:
        chosen = (point >= start) & (point < start + share)
        lengths[chosen] = low * (high / low) ** ((point[chosen] - start) / share)
        start += share
    rest = point >= start
    lengths[rest] = 246 + 42 * ndtri((point[rest] - start) / (1 - start))
    return np.maximum(np.rint(lengths), 5).astype(np.int64)


_LENGTHS = _length_table()


def song_length(song: Indices) -> Indices:
    """Length of each song in seconds, shape (songs,)."""
    return _LENGTHS[(names.uniform_of(song) * _LENGTH_POINTS).astype(np.int64)]
