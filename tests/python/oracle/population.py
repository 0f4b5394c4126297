"""Who is looked at, and when: snapshots, left-out users, the spine, labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from oracle.lines import Delivered, Download, Play, Record, Search
from oracle.numbers import hash_share, percentile
from oracle.rules import Rules


@dataclass
class Log:
    """All records, also by user and day, which is how the specification looks at them."""

    plays: list[Play]
    downloads: list[Download]
    searches: list[Search]
    by_user: dict[int, list[Record]]

    @property
    def days(self) -> dict[str, set[date]]:
        """The days on which each event occurs."""
        events: dict[str, Sequence[Record]] = {
            "play": self.plays,
            "down": self.downloads,
            "search": self.searches,
        }
        return {event: {record.day for record in events[event]} for event in events}


def log_of(delivered: Delivered) -> Log:
    """Arrange the records of a folder."""
    plays = delivered.records(Play)
    downloads = delivered.records(Download)
    searches = delivered.records(Search)
    by_user: dict[int, list[Record]] = defaultdict(list)
    records: list[Record] = [*plays, *downloads, *searches]
    for record in records:
        by_user[record.user_id].append(record)
    return Log(plays, downloads, searches, dict(by_user))


# --- snapshots -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Snapshot:
    """A day from which to look back over a feature window and ahead over a label window."""

    day: date
    role: str
    feature_start: date
    label_start: date
    label_end: date
    is_labelled: bool

    @property
    def is_skipped(self) -> bool:
        """Whether nothing is built for it."""
        return self.role == "skipped"


def required_days(log: Log, rules: Rules) -> list[set[date]]:
    """Days of each event that a service must have; of logs without any of them, of every event."""
    days = {event: days for event, days in log.days.items() if days}
    return [days[event] for event in days if event in rules.required_events] or [*days.values()]


def lacks_days(first: date, last: date, present: set[date], rules: Rules) -> bool:
    """Whether too many days, both ends included, have no record of a required event."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    absent = sum(day not in present for day in days)
    return absent > rules.largest_missing_day_share * len(days)


def asked_for(last: date, rules: Rules) -> list[tuple[date, int]]:
    """Day and label days of each snapshot that is asked for, by a list or by default."""
    label_days = rules.label_window_days
    if rules.snapshot_dates:
        return [(day, label_days) for day in rules.snapshot_dates]
    training = last - timedelta(days=label_days)
    # Never closer than a backtest's label window: no label is counted twice.
    step = max(rules.backtest_step_days, rules.backtest_label_days)
    backtests = [
        training - timedelta(days=number * step)
        for number in range(1, rules.backtest_snapshots + 1)
    ]
    return [
        (last, label_days),
        (training, label_days),
        *[(day, rules.backtest_label_days) for day in backtests],
    ]


def role_of(day: date, labelled: list[date], unlabelled: list[date]) -> str:
    """What a snapshot is for: the latest with labels trains, the latest without is scored."""
    if day in labelled:
        return "training" if day == max(labelled) else "backtest"
    return "scoring" if unlabelled and day == max(unlabelled) else "skipped"


def all_snapshots(log: Log, rules: Rules) -> list[Snapshot]:
    """Every snapshot that is asked for, also those that have to be skipped."""
    events = required_days(log, rules)
    present = set().union(*events)
    first, last = min(present), min(max(days) for days in events)
    windows = [
        (day, day - timedelta(days=rules.feature_window_days - 1), day + timedelta(days=label_days))
        for day, label_days in asked_for(last, rules)
    ]
    inside = [
        (day, feature_start, label_end)
        for day, feature_start, label_end in windows
        if first <= feature_start
        and day <= last
        and not lacks_days(feature_start, day, present, rules)
        and not (
            label_end <= last and lacks_days(day + timedelta(days=1), label_end, present, rules)
        )
    ]
    labelled = [day for day, _, label_end in inside if label_end <= last]
    unlabelled = [day for day, _, label_end in inside if label_end > last]
    return [
        Snapshot(
            day=day,
            role=role_of(day, labelled, unlabelled),
            feature_start=feature_start,
            label_start=day + timedelta(days=1),
            label_end=label_end,
            is_labelled=day in labelled,
        )
        for day, feature_start, label_end in windows
    ]


# --- left-out users and the spine ----------------------------------------------------------


def window_record_counts(log: Log, snapshot: Snapshot) -> dict[int, int]:
    """Records of any event in the feature window, per user who has one."""
    counts = {
        user_id: sum(snapshot.feature_start <= record.day <= snapshot.day for record in records)
        for user_id, records in log.by_user.items()
    }
    return {user_id: count for user_id, count in counts.items() if count}


def busiest_days(log: Log, snapshot: Snapshot) -> dict[int, int]:
    """Records of each user on that day of the feature window on which the user left most."""
    days = {
        user_id: Counter(
            record.day for record in records if snapshot.feature_start <= record.day <= snapshot.day
        )
        for user_id, records in log.by_user.items()
    }
    return {user_id: max(counted.values()) for user_id, counted in days.items() if counted}


def bot_threshold(counts: dict[int, int], rules: Rules) -> float | None:
    """Records above which a user is a bot; none while there are too few users to say."""
    named = [count for user_id, count in counts.items() if user_id != 0]
    if len(named) < rules.bot_rule_min_users:
        return None
    return percentile(named, rules.bot_percentile)


def excluded_users(
    counts: dict[int, int],
    busiest: dict[int, int],
    threshold: float | None,
    listed: dict[int, str],
    rules: Rules,
) -> dict[int, str]:
    """Users who are left out, each for the first reason that holds."""
    reasons = {}
    for user_id, count in counts.items():
        if user_id == 0:
            reasons[user_id] = "anonymous"
        elif user_id in listed:
            reasons[user_id] = f"listed: {listed[user_id]}"
        elif threshold is not None and count > threshold:
            reasons[user_id] = "bot"
        elif busiest[user_id] > rules.human_daily_records:
            reasons[user_id] = "beyond_human"
    return reasons


def sampled(user_id: int, rules: Rules) -> bool:
    """Whether the sample keeps a user, alone by who the user is."""
    return hash_share("sample", user_id) < rules.user_sample_fraction


@dataclass
class Population:
    """The users of one snapshot."""

    snapshot: Snapshot
    counts: dict[int, int]
    threshold: float | None
    excluded: dict[int, str]
    users: list[int]


def population_of(log: Log, snapshot: Snapshot, rules: Rules, listed: dict[int, str]) -> Population:
    """Who is looked at on one snapshot: bots are told among all users, then a sample is taken."""
    counts = window_record_counts(log, snapshot)
    threshold = bot_threshold(counts, rules)
    busiest = busiest_days(log, snapshot)
    excluded = excluded_users(counts, busiest, threshold, listed, rules)
    users = [user_id for user_id in counts if user_id not in excluded and sampled(user_id, rules)]
    return Population(snapshot, counts, threshold, excluded, users)


def label_window_records(log: Log, population: Population) -> dict[int, int]:
    """Records that each user of a snapshot leaves in its label window; without any: churned."""
    snapshot = population.snapshot
    return {
        user_id: sum(
            snapshot.label_start <= record.day <= snapshot.label_end
            for record in log.by_user[user_id]
        )
        for user_id in population.users
    }
