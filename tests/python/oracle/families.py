"""The eight feature families, each for one user on one snapshot."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from oracle.cleaning import TimedPlay
from oracle.lines import Download, Play, Record, Search
from oracle.numbers import mean, percentile, population_deviation, ratio
from oracle.population import Snapshot
from oracle.rules import Rules

SATURDAY = 5
NO_SONGS = (None, 0, -1)
BILLIONTH_DIGITS = 9
WINDOWS = (1, 3, 7, 14, 30)


@dataclass(frozen=True)
class History:
    """What a user did in the feature window: every record, and the plays that cleaning left."""

    snapshot: Snapshot
    rules: Rules
    user_id: int
    records: list[Record]
    plays: list[TimedPlay]

    @property
    def downloads(self) -> list[Download]:
        """The window's downloads."""
        return [record for record in self.records if isinstance(record, Download)]

    @property
    def searches(self) -> list[Search]:
        """The window's searches."""
        return [record for record in self.records if isinstance(record, Search)]

    def age(self, day: date) -> int:
        """Days from a day to the snapshot; 0 is the snapshot date itself."""
        return (self.snapshot.day - day).days

    def band(self, play: TimedPlay) -> int:
        """1 for the lowest completion band, 5 for the highest."""
        return sum(play.completion >= border for border in self.rules.completion_band_borders)


def count_last(history: History, records: list, days: int) -> int:
    """Records of the last days, the snapshot date included."""
    return sum(history.age(record.day) < days for record in records)


def play_completion(history: History) -> dict[str, Any]:
    """Family A: how much of each song is heard."""
    bands = Counter(history.band(play) for play in history.plays)
    completed = [play for play in history.plays if history.band(play) == 5]
    plays = len(history.plays)
    return {
        "play_share_0_20": ratio(bands[1], plays),
        "play_share_20_40": ratio(bands[2], plays),
        "play_share_40_60": ratio(bands[3], plays),
        "play_share_60_80": ratio(bands[4], plays),
        "play_share_80_plus": ratio(bands[5], plays),
        "completed_plays_7d_over_30d": ratio(count_last(history, completed, 7), len(completed)),
    }


def play_time(history: History) -> dict[str, Any]:
    """Family B: how long a user listens."""
    by_day: dict[date, list[float]] = defaultdict(list)
    for play in history.plays:
        by_day[play.day].append(play.play_seconds)
    most = history.rules.seconds_per_day
    days = {day: min(math.fsum(seconds), most) for day, seconds in by_day.items()}
    total = math.fsum(days.values())
    recent = math.fsum(seconds for day, seconds in days.items() if history.age(day) < 7)
    return {
        "play_seconds_30d": total,
        "play_seconds_7d_over_30d": ratio(recent, total),
        "play_seconds_per_play": ratio(total, len(history.plays)),
    }


def event_frequency(history: History) -> dict[str, Any]:
    """Family C: how often, in windows of five lengths."""
    events: dict[str, list] = {
        "plays": history.plays,
        "downloads": history.downloads,
        "searches": history.searches,
    }
    row: dict[str, Any] = {}
    for name, records in events.items():
        for days in WINDOWS:
            row[f"{name}_{days}d"] = count_last(history, records, days)
        row[f"{name}_7d_over_30d"] = ratio(row[f"{name}_7d"], row[f"{name}_30d"])
    return row


def recency(history: History) -> dict[str, Any]:
    """Family D: how long ago; unknown is unknown."""

    def days_since_last(records: list) -> int | None:
        return min((history.age(record.day) for record in records), default=None)

    return {
        "days_since_last_play": days_since_last(history.plays),
        "days_since_last_download": days_since_last(history.downloads),
        "days_since_last_search": days_since_last(history.searches),
        "days_since_last_event": days_since_last(history.records),
    }


def profile(history: History) -> dict[str, Any]:
    """Family E: device and payment, by every record."""
    devices = Counter(record.is_android for record in history.records)
    return {
        "is_android": devices[True] > devices[False],
        "is_paying": any(
            record.is_paid is True
            for record in history.records
            if isinstance(record, Play | Download)
        ),
    }


def least_squares_slope(values: list[int]) -> float:
    """Slope of values over their positions; 0 for a single value."""
    middle = (len(values) - 1) / 2
    height = math.fsum(values) / len(values)
    products = [(place - middle) * (value - height) for place, value in enumerate(values)]
    squares = [(place - middle) ** 2 for place in range(len(values))]
    return ratio(math.fsum(products), math.fsum(squares))


def listening_rhythm(history: History) -> dict[str, Any]:
    """Family F: the user's own rhythm, and whether the present silence breaks it."""
    window_days = history.rules.feature_window_days
    active_days = sorted({record.day for record in history.records})
    gaps = [(later - day).days for day, later in pairwise(active_days)]
    mean_gap = mean(gaps)
    # Day 1 is the first day of the window.
    plays_by_day = Counter(window_days - history.age(play.day) for play in history.plays)
    days = range(1, window_days + 1)
    weekend_plays = [play for play in history.plays if play.day.weekday() >= SATURDAY]
    return {
        "active_days_7d": sum(history.age(day) < 7 for day in active_days),
        "active_days_14d": sum(history.age(day) < 14 for day in active_days),
        "active_days_30d": len(active_days),
        "days_since_first_event": history.age(active_days[0]),
        "longest_gap_days": max(gaps, default=None),
        "mean_gap_days": mean_gap,
        "gap_days_stddev": population_deviation(gaps),
        "current_gap_over_mean_gap": ratio(history.age(active_days[-1]), mean_gap or 0),
        "daily_plays_slope": least_squares_slope([plays_by_day[day] for day in days]),
        "weekend_play_share": ratio(len(weekend_plays), len(history.plays)),
        "plays_days_1_10": sum(plays_by_day[day] for day in days if day <= 10),
        "plays_days_11_20": sum(plays_by_day[day] for day in days if 10 < day <= 20),
        "plays_days_21_30": sum(plays_by_day[day] for day in days if day > 20),
    }


def ratings(history: History) -> dict[int, float]:
    """Rating per song: the mean band of its plays, or 5 where it was downloaded."""
    scores: dict[int, list[float]] = defaultdict(list)
    for play in history.plays:
        if play.song_id not in NO_SONGS:
            scores[play.song_id].append(history.band(play))
    rated = {song_id: math.fsum(bands) / len(bands) for song_id, bands in scores.items()}
    for download in history.downloads:
        if download.song_id not in NO_SONGS:
            rated[download.song_id] = 5.0
    return rated


def entropy(counts: list[int]) -> float:
    """Shannon entropy in nats."""
    total = sum(counts)
    return math.fsum(-count / total * math.log(count / total) for count in counts)


def taste(history: History) -> dict[str, Any]:
    """Family G: what a user listens to, and how widely."""
    plays, searches = history.plays, history.searches
    song_plays = [play for play in plays if play.song_id not in NO_SONGS]
    songs = {play.song_id for play in song_plays}
    singers = Counter(play.singer for play in plays if play.singer is not None)
    completions = [round(min(play.completion, 1.0), BILLIONTH_DIGITS) for play in plays]
    evening = [
        search
        for search in searches
        if search.searched_at is not None
        and search.searched_at.hour >= history.rules.evening_start_hour
    ]
    early_skips = [play for play in plays if play.play_seconds < history.rules.early_skip_seconds]
    liked = [rating for rating in ratings(history).values() if rating >= history.rules.liked_rating]
    return {
        "distinct_songs": len(songs),
        "distinct_singers": len(singers),
        "top_singer_share": ratio(max(singers.values(), default=0), singers.total()),
        "singer_entropy": entropy(list(singers.values())),
        "repeat_play_share": ratio(len(song_plays) - len(songs), len(song_plays)),
        "early_skip_share": ratio(len(early_skips), len(plays)),
        "completion_stddev": population_deviation(completions),
        "local_file_share": ratio(sum(play.song_id == 0 for play in plays), len(plays)),
        "searches_per_play": ratio(len(searches), len(plays)),
        "downloads_per_song": ratio(len(history.downloads), len(songs)),
        "evening_search_share": ratio(len(evening), len(searches)),
        "liked_songs": len(liked),
    }


def visit_depth(history: History) -> dict[str, Any]:
    """Family H: whether visits are deep, and when the last deep one was."""
    active_days = {record.day for record in history.records}
    plays_by_day = Counter(play.day for play in history.plays)
    single_play_days = [day for day, plays in plays_by_day.items() if plays == 1]
    multi_play_days = [day for day, plays in plays_by_day.items() if plays > 1]
    last_multi_play_age = min(map(history.age, multi_play_days), default=None)
    later_days = [
        day
        for day in active_days
        if last_multi_play_age is None or history.age(day) < last_multi_play_age
    ]
    return {
        "plays_last_active_day": plays_by_day[max(active_days)],
        "single_play_days_30d": len(single_play_days),
        "single_play_day_share": ratio(len(single_play_days), len(plays_by_day)),
        "median_plays_per_play_day": percentile(plays_by_day.values(), 0.5) or 0.0,
        "days_since_last_multi_play_day": last_multi_play_age,
        "active_days_since_multi_play_day": len(later_days),
    }


FAMILIES = {
    "ftr_play_completion": play_completion,
    "ftr_play_time": play_time,
    "ftr_event_frequency": event_frequency,
    "ftr_recency": recency,
    "ftr_profile": profile,
    "ftr_listening_rhythm": listening_rhythm,
    "ftr_taste": taste,
    "ftr_visit_depth": visit_depth,
}
