"""Marts that hang on no single user's features: activity, histogram, cleaning, dirt, deliveries."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

from scipy import stats

from oracle.cleaning import Cleaned, TimedPlay
from oracle.lines import LONGEST_PLAY, Delivered, Download, Play, Record, Search
from oracle.numbers import mean, sample_deviation
from oracle.population import Log, Population, Snapshot
from oracle.rules import Rules

Key = tuple[Any, ...]
Mart = dict[Key, dict[str, Any]]


def user_daily_activity(log: Log, rules: Rules) -> Mart:
    """What each user but uid 0 did per day; a play longer than any adds no seconds."""
    days: dict[tuple[int, date], list[Record]] = defaultdict(list)
    for user_id, records in log.by_user.items():
        for record in records:
            if user_id != 0:
                days[user_id, record.day].append(record)
    return {key: activity_of_day(records, rules) for key, records in days.items()}


def activity_of_day(records: list[Record], rules: Rules) -> dict[str, Any]:
    """One row of user_daily_activity."""
    plays = [record for record in records if isinstance(record, Play)]
    longest = min(LONGEST_PLAY, rules.seconds_per_day)
    possible = [
        play
        for play in plays
        if play.play_seconds is not None and 0 <= play.play_seconds <= longest
    ]
    complete = rules.completion_band_borders[-1]
    completed = [
        play
        for play in possible
        if play.song_seconds is not None
        and play.song_seconds > 0
        and play.play_seconds / play.song_seconds >= complete
    ]
    return {
        "plays": len(plays),
        "completed_plays": len(completed),
        "play_seconds": min(
            math.fsum(play.play_seconds for play in possible), rules.seconds_per_day
        ),
        "downloads": sum(isinstance(record, Download) for record in records),
        "searches": sum(isinstance(record, Search) for record in records),
    }


def record_count_histogram(population: Population, rules: Rules) -> Mart:
    """Users, uid 0 aside, per bin of log10 of their records in the feature window."""
    per_decade = rules.histogram_bins_per_decade
    bins = Counter(
        math.floor(math.log10(count) * per_decade)
        for user_id, count in population.counts.items()
        if user_id != 0
    )
    return {
        (population.snapshot.day, number): {
            "log10_records_from": number / per_decade,
            "log10_records_below": (number + 1) / per_decade,
            "users": users,
            "threshold_records": population.threshold,
        }
        for number, users in bins.items()
    }


# --- what cleaning does --------------------------------------------------------------------


def summary(name: str, values: list[float]) -> dict[str, float | None]:
    """Mean, sample standard deviation and extremes of the known values."""
    return {
        f"{name}_mean": mean(values),
        f"{name}_stddev": sample_deviation(values),
        f"{name}_min": min(values, default=None),
        f"{name}_max": max(values, default=None),
    }


def stage_row(rows: list[TimedPlay], before: int) -> dict[str, Any]:
    """What a stage of cleaning left of the plays."""
    return {
        "records": len(rows),
        "users": len({row.user_id for row in rows}),
        "dropped_records": before - len(rows),
        "filled_play_times": sum(row.is_play_time_filled for row in rows),
        "filled_song_lengths": sum(row.is_song_length_filled for row in rows),
        **summary("play_seconds", [r.play_seconds for r in rows if r.play_seconds is not None]),
        **summary("song_seconds", [r.song_seconds for r in rows if r.song_seconds is not None]),
    }


def cleaning(log: Log, population: Population, cleaned: Cleaned) -> Mart:
    """What each stage of cleaning leaves, drops and fills in."""
    snapshot, users = population.snapshot, set(population.users)
    mart: Mart = {}
    delivered = [
        TimedPlay(play, play.play_seconds, play.song_seconds)
        for play in log.plays
        if snapshot.feature_start <= play.day <= snapshot.day
    ]
    before = len(delivered)
    for number, (stage, rows) in enumerate({"delivered": delivered, **cleaned.stages}.items(), 1):
        mart[snapshot.day, "play", number] = {"stage": stage, **stage_row(rows, before)}
        before = len(rows)

    events: dict[str, list[Any]] = {"down": log.downloads, "search": log.searches}
    for event, records in events.items():
        window = [r for r in records if snapshot.feature_start <= r.day <= snapshot.day]
        kept = [record for record in window if record.user_id in users]
        for number, stage, rows in [(1, "delivered", window), (2, "users_kept", kept)]:
            mart[snapshot.day, event, number] = {
                "stage": stage,
                "records": len(rows),
                "users": len({record.user_id for record in rows}),
                "dropped_records": len(window) - len(rows),
                # Neither event has a play time or a song length.
                "filled_play_times": 0,
                "filled_song_lengths": 0,
                **summary("play_seconds", []),
                **summary("song_seconds", []),
            }
    return mart


# --- is the dirt random? -------------------------------------------------------------------


def missingness_tests(
    snapshot: Snapshot, cleaned: Cleaned, is_churned: dict[int, bool], rules: Rules
) -> Mart:
    """Each user's share of affected plays, churned users against the others."""
    plays: dict[int, list[TimedPlay]] = defaultdict(list)
    for row in cleaned.stages["users_kept"]:
        plays[row.user_id].append(row)
    affected = {
        "song_length_zero": lambda row: row.song_seconds == 0,
        "play_time_missing": lambda row: row.play_seconds is None or row.play_seconds < 0,
    }
    mart: Mart = {}
    for name, is_affected in affected.items():
        shares: dict[bool, list[float]] = {True: [], False: []}
        for user_id, rows in plays.items():
            shares[is_churned[user_id]].append(sum(map(is_affected, rows)) / len(rows))
        mart[snapshot.day, name] = welch_row(shares[True], shares[False], rules)
    return mart


def welch_row(churned: list[float], staying: list[float], rules: Rules) -> dict[str, Any]:
    """Two groups of shares, compared by scipy, if there is any spread to compare by."""
    spread = [sample_deviation(group) for group in (churned, staying)]
    statistic = probability = effect = None
    if None not in spread and any(spread):
        test = stats.ttest_ind(churned, staying, equal_var=False)
        statistic, probability = float(test.statistic), float(test.pvalue)
        effect = cohens_d(churned, staying)
    return {
        "churned_users": len(churned),
        "staying_users": len(staying),
        "churned_mean_share": mean(churned),
        "staying_mean_share": mean(staying),
        "churned_share_stddev": spread[0],
        "staying_share_stddev": spread[1],
        "t_statistic": statistic,
        "p_value": probability,
        "cohens_d": effect,
        "informative": probability is not None
        and effect is not None
        and probability < rules.informative_p_value
        and abs(effect) >= rules.informative_effect_size,
    }


def cohens_d(first: list[float], second: list[float]) -> float:
    """Difference of the means in pooled standard deviations."""
    middles = [math.fsum(group) / len(group) for group in (first, second)]
    squares = math.fsum(
        (share - middle) ** 2
        for group, middle in zip((first, second), middles, strict=True)
        for share in group
    )
    return (middles[0] - middles[1]) / math.sqrt(squares / (len(first) + len(second) - 2))


# --- deliveries ----------------------------------------------------------------------------


def missing_deliveries(delivered: Delivered) -> set[tuple[date, str, str]]:
    """Day, event and part of what came on more than half of the days with a file, and did not."""
    came = {
        (file.day, file.event, file.part) for file in delivered.files if file.status == "accepted"
    }
    first, last = min(day for day, _, _ in came), max(day for day, _, _ in came)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    usual = Counter((event, part) for _, event, part in came)
    return {
        (day, event, part)
        for (event, part), times in usual.items()
        for day in days
        if times > len({day for day, _, _ in came}) / 2 and (day, event, part) not in came
    }


def snapshot_row(snapshot: Snapshot, missing: set[tuple[date, str, str]]) -> dict[str, Any]:
    """What is known of a snapshot before its users are; the rest stays empty if it is skipped."""
    end = snapshot.label_end if snapshot.is_labelled else snapshot.day
    holes = {day for day, _, _ in missing if snapshot.feature_start <= day <= end}
    return {
        "feature_start_date": snapshot.feature_start,
        "label_start_date": snapshot.label_start,
        "label_end_date": snapshot.label_end,
        "role": snapshot.role,
        "is_labelled": snapshot.is_labelled,
        "missing_days": len(holes),
        "users": 0,
        "churn_rate": None,
    }
