"""Which tables the oracle answers for, how they are keyed, and how they are fetched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from oracle.comparison import TOLERANCE, Comparison, compare
from oracle.lines import LINE_TOO_LONG, DeliveredFile, Play
from oracle.marts import Expected
from oracle.reports import Mart

USER = ("snapshot_date", "user_id")
SNAPSHOT = ("snapshot_date",)
SPLIT = ("snapshot_date", "split")
REASONS = (
    "empty_line",
    "uid_invalid",
    "too_few_fields",
    "too_many_fields",
    "ambiguous_join",
    LINE_TOO_LONG,
    "forgotten",
)


class Queryable(Protocol):
    """A warehouse that answers with plain Python values."""

    def rows(self, sql: str) -> list[tuple]:
        """The rows of a query."""


@dataclass(frozen=True)
class Table:
    """A table, its key, and the columns that are words, not facts."""

    schema: str
    keys: tuple[str, ...]
    wording: frozenset[str] = field(default=frozenset())
    tolerance: float = TOLERANCE


TABLES = {
    "int_bot_thresholds": Table("intermediate", SNAPSHOT),
    "int_cleaning_limits": Table("intermediate", SNAPSHOT),
    "int_excluded_users": Table("intermediate", USER),
    "int_snapshot_users": Table("intermediate", USER),
    "ftr_play_completion": Table("features", USER),
    "ftr_play_time": Table("features", USER),
    "ftr_event_frequency": Table("features", USER),
    "ftr_recency": Table("features", USER),
    "ftr_profile": Table("features", USER),
    "ftr_listening_rhythm": Table("features", USER),
    "ftr_taste": Table("features", USER),
    "ftr_visit_depth": Table("features", USER),
    "user_features": Table("features", USER),
    "user_song_ratings": Table("recommendations", (*USER, "song_id")),
    "songs": Table("recommendations", (*SNAPSHOT, "song_id")),
    "song_dislikes": Table("recommendations", (*USER, "song_id")),
    "recommendation_examples": Table("recommendations", (*SPLIT, "user_id", "song_id")),
    "recommendation_users": Table("recommendations", (*SPLIT, "user_id")),
    "recommendation_catalogue": Table("recommendations", (*SPLIT, "song_id")),
    "recommendation_test_pairs": Table("recommendations", (*SPLIT, "user_id", "song_id")),
    "churn_labels": Table("churn", USER),
    "churn_training_set": Table("churn", USER),
    "snapshots": Table(
        "reports", SNAPSHOT, frozenset({"skip_reason", "missing_record_days", "stopped_events"})
    ),
    "user_daily_activity": Table("reports", ("user_id", "activity_date")),
    "rpt_excluded_users": Table("reports", USER),
    "rpt_record_count_histogram": Table("reports", ("snapshot_date", "bin")),
    "rpt_cleaning": Table("reports", ("snapshot_date", "event", "stage_number")),
    # The warehouse cuts each user's share to a billionth; a difference of means enlarges that.
    "rpt_missingness_tests": Table("reports", ("snapshot_date", "field"), tolerance=1e-6),
    "rpt_missing_deliveries": Table("reports", ("event_date", "event", "part")),
}


def columns_of(warehouse: Queryable, schema: str, table: str) -> list[str]:
    """The columns of a table, in its order."""
    described = warehouse.rows(f"describe {schema}.{table}")
    return [row[0] for row in described]


def compare_table(warehouse: Queryable, name: str, expected: Mart) -> Comparison:
    """Hold one mart to the oracle, and its columns to those that the oracle knows."""
    table = TABLES[name]
    present = columns_of(warehouse, table.schema, name)
    names = [column for column in present if column not in {*table.keys, *table.wording}]
    selected = ", ".join([*table.keys, *names])
    known = {column for row in expected.values() for column in row}
    assert set(names) == known or not expected, f"{name}: columns {set(names) ^ known}"
    rows = warehouse.rows(f"select {selected} from {table.schema}.{name}")
    return compare(name, table.keys, expected, names, rows, table.tolerance)


# --- staging -------------------------------------------------------------------------------


def expected_deliveries(expected: Expected) -> Mart:
    """What became of every file, in the terms of rpt_deliveries."""
    mart: Mart = {}
    for file in expected.delivered.files:
        account = file.account
        is_read = file.status in ("accepted", "duplicate", "superseded")
        is_set_aside = file.status in ("duplicate", "superseded")
        mart[(file.name,)] = {
            "delivery": file.delivery,
            "event": file.event,
            "event_date": file.day,
            "part": file.part,
            "status": file.status,
            "content_sha256": file.sha256 if is_read else None,
            "lines": file.lines if is_read else None,
            "accepted_lines": account.accepted,
            "repaired_lines": account.repaired,
            "repaired_play_times": sum(
                isinstance(record, Play) and record.play_seconds != record.delivered_seconds
                for record in account.records.values()
            )
            if file.status == "accepted"
            else 0,
            "rejected_lines": len(account.rejected),
            "set_aside_lines": file.lines if is_set_aside else 0,
            "records": len(account.records),
            **{f"rejected_{reason}": account.rejected_by_reason[reason] for reason in REASONS},
        }
    return mart


def compare_deliveries(warehouse: Queryable, expected: Expected) -> Comparison:
    """Hold the account of every file to the oracle; remarks only as far as they are facts."""
    wording = {"file_name", "remark", "container", "encoding", "file_bytes"}
    columns = columns_of(warehouse, "reports", "rpt_deliveries")
    names = [column for column in columns if column not in wording]
    mart = expected_deliveries(expected)
    rows = warehouse.rows(f"select file_name, {', '.join(names)} from reports.rpt_deliveries")
    return compare("rpt_deliveries", ["file_name"], mart, names, rows)


def expected_rejected_lines(files: list[DeliveredFile]) -> Mart:
    """Every rejected line, in the terms of rpt_rejected_lines; of an overlong one not the text."""
    return {
        (file.name, line.number): {
            "event": file.event,
            "event_date": file.day,
            "rejection_reason": line.reason,
            "line_text": None if line.reason == LINE_TOO_LONG else line.text,
        }
        for file in files
        for line in file.account.rejected
    }


def compare_rejected_lines(warehouse: Queryable, expected: Expected) -> Comparison:
    """Hold the list of rejected lines to the oracle."""
    names = ["event", "event_date", "rejection_reason", "line_text"]
    rows = warehouse.rows(f"""
        select
            file_name, line_number, event, event_date, rejection_reason,
            case when rejection_reason <> '{LINE_TOO_LONG}' then line_text end
        from reports.rpt_rejected_lines
    """)
    keys = ["file_name", "line_number"]
    mart = expected_rejected_lines(expected.delivered.files)
    return compare("rpt_rejected_lines", keys, mart, names, rows)


DOWNLOAD_FIELDS = ("is_android", "song_id", "song_name", "singer", "is_paid")
STAGED = {
    "play": ("plays", (*DOWNLOAD_FIELDS, "play_seconds", "song_seconds")),
    "down": ("downloads", DOWNLOAD_FIELDS),
    "search": ("searches", ("is_android", "searched_at", "search_query", "is_query_decoded")),
}


def compare_staged(warehouse: Queryable, expected: Expected, event: str) -> Comparison:
    """Hold every staged record of one event to the oracle, field by field."""
    table, fields = STAGED[event]
    names = ["day", "user_id", *fields]
    selected = ", ".join(f"records.{name}" for name in names[1:])
    rows = warehouse.rows(f"""
        select deliveries.file_name, records.line_number, records.event_date as day, {selected}
        from staging.stg_player_logs__{table} as records
        inner join staging.stg_player_logs__deliveries as deliveries using (delivery_id)
        where deliveries.status = 'accepted'
    """)
    mart = {
        (file.name, number): {name: getattr(record, name) for name in names}
        for file in expected.delivered.files
        if file.event == event
        for number, record in file.account.records.items()
    }
    return compare(f"stg_player_logs__{table}", ["file_name", "line_number"], mart, names, rows)


def compare_popularity(warehouse: Queryable, expected: Expected) -> Comparison:
    """Hold popular songs to the oracle, one whole list per row: places, songs and scores."""
    keys, names = [*SPLIT, "recommender", "user_id"], ["ranks", "songs", "scores"]
    rows = warehouse.rows(f"""
        select
            {", ".join(keys)},
            list(rank order by rank) as ranks,
            list(song_id order by rank) as songs,
            list(score order by rank) as scores
        from recommendations.popularity_candidates
        group by all
    """)
    mart = expected.marts["popularity_candidates"]
    return compare("popularity_candidates", keys, mart, names, rows)


def compare_any(warehouse: Queryable, name: str, expected: Expected) -> Comparison:
    """Hold one table of any layer to the oracle."""
    if name == "rpt_deliveries":
        return compare_deliveries(warehouse, expected)
    if name == "rpt_rejected_lines":
        return compare_rejected_lines(warehouse, expected)
    if name == "popularity_candidates":
        return compare_popularity(warehouse, expected)
    for event, (table, _) in STAGED.items():
        if name == table:
            return compare_staged(warehouse, expected, event)
    mart = "int_excluded_users" if name == "rpt_excluded_users" else name
    return compare_table(warehouse, name, expected.marts[mart])


STAGING_TABLES = ("rpt_deliveries", "rpt_rejected_lines", *(table for table, _ in STAGED.values()))
ALL_TABLES = (*STAGING_TABLES, *TABLES, "popularity_candidates")
