"""Cleaning the plays of one snapshot, rule after rule, each on what the last left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from oracle.lines import LONGEST_PLAY, Play
from oracle.numbers import mean, percentile
from oracle.rules import Rules


@dataclass(frozen=True)
class TimedPlay:
    """A play on its way through cleaning, with the two times as they stand at a stage."""

    play: Play
    play_seconds: float | None
    song_seconds: float | None
    is_play_time_filled: bool = False
    is_song_length_filled: bool = False

    @property
    def user_id(self) -> int:
        """Who played."""
        return self.play.user_id

    @property
    def day(self) -> date:
        """When."""
        return self.play.day

    @property
    def song_id(self) -> int | None:
        """Which song."""
        return self.play.song_id

    @property
    def singer(self) -> str | None:
        """By whom."""
        return self.play.singer

    @property
    def completion(self) -> float:
        """How much of the song was heard; above 1 where a song was played on."""
        assert self.play_seconds is not None
        assert self.song_seconds is not None
        return self.play_seconds / self.song_seconds


@dataclass
class Cleaned:
    """The limits that decided, and the plays that each stage left; the last stage's stay."""

    song_seconds_cap: float | None = None
    song_seconds_mean: float | None = None
    play_seconds_cap: float | None = None
    play_seconds_mean: float | None = None
    stages: dict[str, list[TimedPlay]] = field(default_factory=dict)

    @property
    def plays(self) -> list[TimedPlay]:
        """The plays that features and ratings read."""
        return self.stages["play_time_filled"]


def is_valid_play_time(value: float | None, rules: Rules) -> bool:
    """Whether a play time can be believed; zeros are a matter of taste, settled by a var."""
    if value is None or value < 0:
        return False
    return value > 0 or not rules.zero_play_time_is_missing


def clean(plays: Iterable[Play], rules: Rules) -> Cleaned:
    """Apply the cleaning rules to the plays of a snapshot's users in its feature window."""
    cleaned = Cleaned()
    left = [TimedPlay(play, play.play_seconds, play.song_seconds) for play in plays]
    cleaned.stages["users_kept"] = left
    clean_song_lengths(cleaned, left, rules)
    clean_play_times(cleaned, cleaned.stages["song_length_filled"], rules)
    return cleaned


def clean_song_lengths(cleaned: Cleaned, left: list[TimedPlay], rules: Rules) -> None:
    """Drop unknown and far too long songs, then give the others without a length the mean."""
    left = [row for row in left if row.song_seconds is not None]
    cleaned.stages["song_length_known"] = left

    lengths = [row.song_seconds for row in left if row.song_seconds >= 0]
    cap = percentile(lengths, rules.outlier_percentile)
    left = [row for row in left if cap is None or row.song_seconds <= cap]
    cleaned.stages["song_length_capped"] = left

    average = mean([row.song_seconds for row in left if row.song_seconds > 0])
    filled = [
        row
        if row.song_seconds > 0
        else TimedPlay(row.play, row.play_seconds, average, is_song_length_filled=True)
        for row in left
    ]
    cleaned.stages["song_length_filled"] = [row for row in filled if row.song_seconds is not None]
    cleaned.song_seconds_cap, cleaned.song_seconds_mean = cap, average


def clean_play_times(cleaned: Cleaned, left: list[TimedPlay], rules: Rules) -> None:
    """Drop far too long play times, then give plays without a believable one the mean.

    The percentile is that of the times as delivered, milliseconds among them. It is taken over
    zeros too, also where a var calls them missing. No play is longer than the study's longest.
    """
    delivered = [row.play.delivered_seconds for row in left]
    times = [time for time in delivered if time is not None and time >= 0]
    cap = percentile(times, rules.outlier_percentile)
    cap = None if cap is None else min(cap, LONGEST_PLAY)
    left = [
        row for row in left if row.play_seconds is None or cap is None or row.play_seconds <= cap
    ]
    cleaned.stages["play_time_capped"] = left

    times = [row.play_seconds for row in left]
    average = mean([time for time in times if is_valid_play_time(time, rules)])
    filled = [
        row
        if is_valid_play_time(row.play_seconds, rules)
        else TimedPlay(row.play, average, row.song_seconds, True, row.is_song_length_filled)
        for row in left
    ]
    cleaned.stages["play_time_filled"] = [row for row in filled if row.play_seconds is not None]
    cleaned.play_seconds_cap, cleaned.play_seconds_mean = cap, average


def clean_by_limits(plays: Iterable[Play], limits: Cleaned, rules: Rules) -> list[TimedPlay]:
    """Clean plays of another window by the caps and means of a snapshot's own."""
    kept = []
    for play in plays:
        length, time = play.song_seconds, play.play_seconds
        if length is None or exceeds(length, limits.song_seconds_cap):
            continue
        if time is not None and exceeds(time, limits.play_seconds_cap):
            continue
        if length <= 0:
            length = limits.song_seconds_mean
        if not is_valid_play_time(time, rules):
            time = limits.play_seconds_mean
        if length is not None and time is not None:
            kept.append(TimedPlay(play, time, length))
    return kept


def exceeds(value: float, cap: float | None) -> bool:
    """Whether a value is above a cap; nothing is where there is none."""
    return cap is not None and value > cap
