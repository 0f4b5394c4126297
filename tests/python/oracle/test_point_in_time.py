"""What is known on a day depends on nothing that happens later, and labels on two weeks only."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Warehouse

from oracle.conftest import SMALL_LOGS, build_with
from oracle.dirt import write
from oracle.lines import read_folder
from oracle.rules import rules

EARLIER, LATER = date(2017, 4, 10), date(2017, 4, 15)
VARS: dict[str, Any] = {
    "snapshot_dates": [str(EARLIER), str(LATER)],
    # so that few users have bots and outliers, which an event of another day might move
    "bot_rule_min_users": 100,
    "bot_percentile": 0.98,
    "outlier_percentile": 0.98,
}
FEATURE_DAYS, LABEL_DAYS = 30, 14
FIRST_FEATURE_DAY = EARLIER - timedelta(days=FEATURE_DAYS - 1)

# Everything that may know no more than the feature window.
KNOWN_ON_THE_DAY = [
    *["intermediate.int_snapshot_users", "intermediate.int_window_users"],
    *["intermediate.int_excluded_users", "intermediate.int_bot_thresholds"],
    *["intermediate.int_cleaning_limits", "intermediate.int_snapshot_user_days"],
    *["intermediate.int_snapshot_user_songs", "reports.rpt_excluded_users"],
    *["reports.rpt_record_count_histogram", "reports.rpt_cleaning"],
    *["features.ftr_play_completion", "features.ftr_play_time", "features.ftr_event_frequency"],
    *["features.ftr_recency", "features.ftr_profile", "features.ftr_listening_rhythm"],
    *["features.ftr_taste", "features.ftr_visit_depth", "features.user_features"],
    *["intermediate.int_song_names", "recommendations.rated_songs", "recommendations.songs"],
    *["recommendations.user_song_ratings", "recommendations.song_dislikes"],
]
# The same of what recommenders learn from, and whom they may recommend what: of the latest
# labelled snapshot alone, though its label window is what judges them.
KNOWN_TO_RECOMMENDERS = [
    *["recommendations.recommendation_examples", "recommendations.recommendation_users"],
    *["recommendations.recommendation_catalogue", "recommendations.recommendation_exclusions"],
    *["recommendations.popularity_candidates", "recommendations.same_singer_candidates"],
    "recommendations.own_song_candidates",
]


def play(user_id: int, seconds: int) -> str:
    return f"{user_id}\tip\t4\t0\tSong\tSinger\t{seconds}\t{seconds + 9}\t1\n"


def day_of(path: Path) -> date | None:
    digits = path.name[:8]
    return date.fromisoformat(digits) if digits.isdigit() else None


def alter(logs: Path, copy: Path, is_altered: Callable[[date], bool], last: date) -> Path:
    """Another history: of the altered days files vanish, change, and thousands of plays come.

    The last day keeps a file of every event, so that the logs end where they did.
    """
    shutil.copytree(logs, copy)
    users = {
        record.user_id
        for file in read_folder(logs, rules()).files
        for record in file.account.records.values()
    }
    paths = [path for path in sorted(copy.iterdir()) if is_altered(day_of(path) or EARLIER)]
    assert len(paths) > 10
    for number, path in enumerate(paths):
        if number % 3 == 0 and day_of(path) != last:
            path.unlink()
        elif number % 3 == 1 and path.name.endswith("play.log"):
            path.write_bytes(path.read_bytes().replace(b"\tar\t", b"\tip\t").replace(b"1", b"2"))
    days = sorted({day for day in map(day_of, paths) if day is not None})
    for number, day in enumerate(days):
        plays = "".join(play(user, 1000 * number + user % 7) for user in users) * 3
        write(copy, f"{day:%Y%m%d}_added_play.log", plays.encode())
    return copy


@pytest.fixture(scope="module")
def logs(sample_logs: Callable[..., Path]) -> Path:
    return sample_logs(*SMALL_LOGS, "--seed", "5")


@pytest.fixture(scope="module")
def as_it_was(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return build_with(logs, tmp_path_factory.mktemp("as_it_was"), VARS)


@pytest.fixture(scope="module")
def other_future(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """What happened after the later snapshot is another story."""
    folder = tmp_path_factory.mktemp("other_future")
    last = max(day for day in map(day_of, logs.iterdir()) if day is not None)
    altered = alter(logs, folder / "logs", lambda day: day > LATER, last)
    return build_with(altered, folder / "warehouse", VARS)


@pytest.fixture(scope="module")
def other_past(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """What happened before the earlier snapshot's features, and after its labels, is another."""
    folder = tmp_path_factory.mktemp("other_past")
    last_label_day = EARLIER + timedelta(days=LABEL_DAYS)
    last = max(day for day in map(day_of, logs.iterdir()) if day is not None)
    altered = alter(
        logs,
        folder / "logs",
        lambda day: day < FIRST_FEATURE_DAY or day > last_label_day,
        last,
    )
    return build_with(altered, folder / "warehouse", VARS)


def rows_of(warehouse: Warehouse, table: str, until: date) -> list[tuple]:
    where = f"where snapshot_date <= date '{until}'"
    return sorted(warehouse.rows(f"select * from {table} {where}"), key=repr)


@pytest.mark.parametrize("table", [*KNOWN_ON_THE_DAY, *KNOWN_TO_RECOMMENDERS])
def test_another_future_changes_nothing(
    as_it_was: Warehouse, other_future: Warehouse, table: str
) -> None:
    rows = rows_of(as_it_was, table, LATER)
    assert rows
    assert rows == rows_of(other_future, table, LATER)


def test_another_future_changes_labels(as_it_was: Warehouse, other_future: Warehouse) -> None:
    """Else the test above would compare a folder with itself."""
    labels = rows_of(as_it_was, "churn.churn_labels", LATER)
    assert {row[:2] for row in labels} == {
        row[:2] for row in rows_of(other_future, "churn.churn_labels", LATER)
    }
    assert labels != rows_of(other_future, "churn.churn_labels", LATER)


def test_another_future_changes_what_recommenders_are_judged_by(
    as_it_was: Warehouse, other_future: Warehouse
) -> None:
    """The label window's pairs; pairs that were drawn from the feature window stay."""
    pairs = "select * from recommendations.recommendation_test_pairs where split = '{}'"
    for split, is_same in {"temporal": False, "random": True}.items():
        rows = as_it_was.rows(f"{pairs.format(split)} order by all")
        assert rows
        assert (rows == other_future.rows(f"{pairs.format(split)} order by all")) is is_same


@pytest.mark.parametrize("table", [*KNOWN_ON_THE_DAY, "churn.churn_labels"])
def test_another_past_changes_nothing(
    as_it_was: Warehouse, other_past: Warehouse, table: str
) -> None:
    rows = rows_of(as_it_was, table, EARLIER)
    assert rows
    assert rows == rows_of(other_past, table, EARLIER)


def test_another_past_is_another_history(as_it_was: Warehouse, other_past: Warehouse) -> None:
    activity = "select * from reports.user_daily_activity"
    assert len(as_it_was.rows(activity)) != len(other_past.rows(activity))


# --- borders -------------------------------------------------------------------------------

SNAPSHOT = date(2017, 4, 28)


def days_from_snapshot(*numbers: int) -> list[date]:
    return [SNAPSHOT + timedelta(days=number) for number in numbers]


# The days on which a user acts, and whether the user has churned on the snapshot date.
HABITS = {
    1: (days_from_snapshot(0), True),
    2: (days_from_snapshot(0, 1), False),
    3: (days_from_snapshot(0, 14), False),
    4: (days_from_snapshot(0, 15), True),
    5: (days_from_snapshot(-29), True),
    6: (days_from_snapshot(-29, 15), True),
    7: (days_from_snapshot(-30, 14), None),  # not in the feature window: no row
    8: (days_from_snapshot(1, 7), None),
    # The one who keeps the logs going.
    9: (days_from_snapshot(*range(-31, 17)), False),
}
# active_days_30d, days_since_last_event, days_since_first_event
RHYTHMS = {1: (1, 0, 0), 2: (1, 0, 0), 3: (1, 0, 0), 4: (1, 0, 0), 5: (1, 29, 29), 6: (1, 29, 29)}
RHYTHMS[9] = (30, 0, 29)

# Each event has users of its own: 1 plays, 11 downloads, 21 searches.
EVENTS = {
    "play": (0, "{}\tar\t4\t0\tSong\tSinger\t9\t10\t0\n"),
    "down": (10, "{}\tar\t4\tSong\tSinger\t0\n"),
    "search": (20, "{}\tar\t2017-04-28 10:00:00\tsong\n"),
}


@pytest.fixture(scope="module")
def borders(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Users who act on border days only, by one event."""
    folder = tmp_path_factory.mktemp("borders")
    logs = folder / "logs"
    logs.mkdir()
    for day in HABITS[9][0]:
        for event, (first_user, line) in EVENTS.items():
            active = [user for user, (days, _) in HABITS.items() if day in days]
            text = "".join(line.format(first_user + user) for user in active)
            write(logs, f"{day:%Y%m%d}_{event}.log", text.encode())
    variables = {"snapshot_dates": [str(SNAPSHOT)]}
    select = ["--select", "+churn_training_set", "+snapshots"]
    return build_with(logs, folder / "warehouse", variables, *select)


@pytest.mark.parametrize("event", EVENTS)
def test_labels_read_the_label_window_only(borders: Warehouse, event: str) -> None:
    first_user = EVENTS[event][0]
    rows = borders.rows("select user_id, is_churned from churn.churn_labels")
    labels = {user - first_user: is_churned for user, is_churned in rows}
    known = {user: churned for user, (_, churned) in HABITS.items() if churned is not None}
    assert {user: labels[user] for user in labels if 0 < user < 10} == known


@pytest.mark.parametrize("event", EVENTS)
def test_features_read_the_feature_window_only(borders: Warehouse, event: str) -> None:
    first_user = EVENTS[event][0]
    rows = borders.rows("""
        select user_id, active_days_30d, days_since_last_event, days_since_first_event
        from features.user_features
    """)
    rhythms = {row[0] - first_user: row[1:] for row in rows}
    assert {user: rhythms[user] for user in rhythms if 0 < user < 10} == RHYTHMS
