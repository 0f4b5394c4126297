"""Every mart of a folder of logs, as the specification says it should be.

A mart is a dict from its key to its columns: `marts["ftr_recency"][snapshot_date, user_id]`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from oracle.cleaning import Cleaned, TimedPlay, clean
from oracle.families import FAMILIES, History
from oracle.lines import Delivered, Play, Record, read_folder
from oracle.numbers import hash_share
from oracle.population import (
    Log,
    Population,
    Snapshot,
    all_snapshots,
    label_window_records,
    log_of,
    population_of,
)
from oracle.recommendations import add_recommendations
from oracle.reports import (
    Mart,
    cleaning,
    missing_deliveries,
    missingness_tests,
    record_count_histogram,
    snapshot_row,
    user_daily_activity,
)
from oracle.rules import Rules


@dataclass
class Expected:
    """What a build of a folder has to yield."""

    delivered: Delivered
    log: Log
    marts: dict[str, Mart]


def window_histories(
    log: Log, population: Population, rules: Rules
) -> tuple[Cleaned, list[History]]:
    """The cleaned plays of a snapshot, and each user's part in its feature window."""
    snapshot = population.snapshot
    records: dict[int, list[Record]] = {
        user_id: [
            record
            for record in log.by_user[user_id]
            if snapshot.feature_start <= record.day <= snapshot.day
        ]
        for user_id in population.users
    }
    plays = [play for kept in records.values() for play in kept if isinstance(play, Play)]
    cleaned = clean(plays, rules)
    plays_by_user: dict[int, list[TimedPlay]] = defaultdict(list)
    for play in cleaned.plays:
        plays_by_user[play.user_id].append(play)
    histories = [
        History(snapshot, rules, user_id, records[user_id], plays_by_user[user_id])
        for user_id in population.users
    ]
    return cleaned, histories


def add_users(marts: dict[str, Mart], population: Population) -> None:
    """Who is in a snapshot and who is left out of it."""
    day, counts = population.snapshot.day, population.counts
    marts["int_bot_thresholds"][(day,)] = {
        "users": sum(user_id != 0 for user_id in counts),
        "threshold_records": population.threshold,
    }
    for user_id, reason in population.excluded.items():
        marts["int_excluded_users"][day, user_id] = {
            "records": counts[user_id],
            "threshold_records": population.threshold,
            "reason": reason,
        }
    for user_id in population.users:
        marts["int_snapshot_users"][day, user_id] = {}


def add_limits(marts: dict[str, Mart], snapshot: Snapshot, cleaned: Cleaned) -> None:
    """The caps and means of a snapshot with plays."""
    if cleaned.stages["users_kept"]:
        marts["int_cleaning_limits"][(snapshot.day,)] = {
            "song_seconds_cap": cleaned.song_seconds_cap,
            "song_seconds_mean": cleaned.song_seconds_mean,
            "play_seconds_cap": cleaned.play_seconds_cap,
            "play_seconds_mean": cleaned.play_seconds_mean,
        }


def add_features(marts: dict[str, Mart], histories: list[History]) -> None:
    """One row per user and family, and their join."""
    for history in histories:
        key = history.snapshot.day, history.user_id
        marts["user_features"][key] = {}
        for table, family in FAMILIES.items():
            row = family(history)
            marts[table][key] = row
            marts["user_features"][key].update(row)


def add_labels(
    marts: dict[str, Mart], snapshot: Snapshot, records: dict[int, int], rules: Rules
) -> None:
    """Labels of a labelled snapshot; with features and a split if models learn from it."""
    for user_id, count in records.items():
        key = snapshot.day, user_id
        label = {"is_churned": count == 0}
        marts["churn_labels"][key] = {"label_window_records": count, **label}
        if snapshot.role == "training":
            is_train = hash_share("split", user_id) < rules.train_fraction
            split = {"split": "train" if is_train else "test"}
            marts["churn_training_set"][key] = label | split | marts["user_features"][key]


def expect(folder: Path, rules: Rules, listed: dict[int, str] | None = None) -> Expected:
    """Work out every mart of a folder; `listed` says who is excluded by hand, and why."""
    delivered = read_folder(folder, rules)
    log = log_of(delivered)
    missing = missing_deliveries(delivered)
    marts: dict[str, Mart] = defaultdict(dict)
    marts["user_daily_activity"] = user_daily_activity(log, rules)
    marts["rpt_missing_deliveries"] = {key: {} for key in missing}
    for snapshot in all_snapshots(log, rules):
        row = snapshot_row(snapshot, missing)
        if not snapshot.is_skipped:
            population = population_of(log, snapshot, rules, listed or {})
            cleaned, histories = window_histories(log, population, rules)
            add_users(marts, population)
            add_limits(marts, snapshot, cleaned)
            add_features(marts, histories)
            add_recommendations(marts, log, population, cleaned, histories, rules)
            marts["rpt_record_count_histogram"] |= record_count_histogram(population, rules)
            marts["rpt_cleaning"] |= cleaning(log, population, cleaned)
            row["users"] = len(population.users)
            if snapshot.is_labelled:
                records = label_window_records(log, population)
                is_churned = {user_id: count == 0 for user_id, count in records.items()}
                add_labels(marts, snapshot, records, rules)
                marts["rpt_missingness_tests"] |= missingness_tests(
                    snapshot, cleaned, is_churned, rules
                )
                row["churn_rate"] = sum(is_churned.values()) / len(is_churned)
        marts["snapshots"][(snapshot.day,)] = row
    return Expected(delivered, log, marts)
