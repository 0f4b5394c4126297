"""Whether a build may replace the published copy: from which logs, and by how much less.

A copy is replaced without a question only by one of the same logs that holds about as much. The
first question is asked before any line of the logs is read, the second one before publishing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from music_box.errors import UserError
from music_box.warehouse import DATABASE

# Written into each published copy, so that copy and memory change in the same step.
MEMORY = "served_logs.json"
# The word of the user: the folder whose published results may be replaced.
REPLACE_VARIABLE = "MUSIC_BOX_REPLACE_LOGS"
# The folder of a copy that an earlier version published, without a memory.
UNKNOWN = "unknown"


class ReplacingError(UserError):
    """A build that must not replace the published copy; the message says why and what to do."""


@dataclass(frozen=True)
class ServedLogs:
    """The logs that a published copy was made from.

    Attributes
    ----------
    folder
        Absolute path of the folder of logs, as the user named it (links are kept).
    are_generated
        True if the folder held the notice of the generator of sample logs.
    """

    folder: str
    are_generated: bool

    @classmethod
    def of(cls, folder: Path, notice: str) -> ServedLogs:
        """Describe a folder of logs; `notice` is the name of the generator's file."""
        return cls(os.path.abspath(folder), (folder / notice).exists())  # noqa: PTH100 - resolve() would follow links


def served_logs(published: Path) -> ServedLogs | None:
    """Read which logs the published copy serves; None if nothing is published."""
    try:
        return ServedLogs(**json.loads((published / MEMORY).read_text("utf-8")))
    except FileNotFoundError:
        generated = _rows(published, "select is_generated from reports.published_snapshot")
        return ServedLogs(UNKNOWN, bool(generated[0][0])) if generated else None


def remember_logs(copy: Path, logs: ServedLogs) -> None:
    """Write which logs a copy serves into the folder of the copy."""
    (copy / MEMORY).write_text(json.dumps(asdict(logs)), "utf-8")


def check_logs(logs: ServedLogs, published: Path, environment: Mapping[str, str]) -> None:
    """Refuse to read other logs than those that the published copy serves.

    A copy of generated logs may be replaced by anything.

    Parameters
    ----------
    logs
        The logs that a build is about to read.
    published
        The published folder.
    environment
        Environment variables. `MUSIC_BOX_REPLACE_LOGS` names the folder of the logs whose published
        results may be replaced.

    Raises
    ------
    ReplacingError
        If the copy serves real logs, and these are others or generated.
    """
    served = served_logs(published)
    if served is None or served.are_generated:
        return
    if _is_folder_of(served, logs) and not logs.are_generated:
        return
    if environment.get(REPLACE_VARIABLE) == served.folder:
        return
    kind = "the generated sample logs" if logs.are_generated else "the logs"
    known = "other logs" if served.folder == UNKNOWN else f"the logs in '{served.folder}'"
    set_to = "" if served.folder == UNKNOWN else f"={served.folder}"
    raise ReplacingError(
        f"The published copy '{published}' serves {known}, but this build would read {kind} in"
        f" '{logs.folder}'. Nothing has been changed. To go on with the published logs, set"
        f" RAW_LOGS{set_to}. To build these logs beside them, name another folder in"
        f" MUSIC_BOX_WAREHOUSE. To replace what is published, set"
        f" {REPLACE_VARIABLE}={served.folder} for this one build."
    )


def check_content(
    connection: duckdb.DuckDBPyConnection,
    published: Path,
    logs: ServedLogs,
    least_kept_share: float,
) -> None:
    """Refuse to replace the published copy by one that is empty or much smaller.

    Parameters
    ----------
    connection
        A connection to the working database.
    published
        The published folder.
    logs
        The logs that the new copy is made from.
    least_kept_share
        Smallest share (0-1) of the scored users, and of the snapshots, of the present copy that the
        new one must hold, if both are of the same logs.

    Raises
    ------
    ReplacingError
        If nobody is scored but the present copy scores somebody, or the share is not reached.
    """
    served = served_logs(published)
    is_of_other_logs = served is not None and not _is_folder_of(served, logs)
    working = {name: connection.execute(sql).fetchall()[0][0] for name, sql in COUNTS.items()}
    for name, sql in COUNTS.items():
        rows = _rows(published, sql)
        present = rows[0][0] if rows else 0
        if working[name] == 0 < present:
            raise ReplacingError(
                f"This build holds no {name}, and the published copy '{published}' holds"
                f" {present:,}. The copy is kept. Cause: {_cause(connection)}. Look at the tables"
                " rpt_deliveries, rpt_rejected_lines, snapshots and churn_models, mend the logs or"
                " the settings, and build again."
            )
        if not is_of_other_logs and working[name] < least_kept_share * present:
            raise ReplacingError(
                f"This build holds {working[name]:,} {name}, less than {least_kept_share:.0%} of"
                f" the {present:,} in the published copy '{published}'. The copy is kept. Look for"
                " deliveries that are gone or broken (rpt_deliveries, rpt_missing_deliveries), and"
                " build again. If so few are right, say so for one build:"
                " dbt build --vars '{least_kept_share: 0}'."
            )


# What a copy holds, by the words of the messages.
COUNTS = {
    "snapshots": "select count(*) from reports.snapshots where role <> 'skipped'",
    "scored users": "select count(*) from churn.churn_risk_users",
}
CAUSES = (
    (
        "select coalesce(sum(records), 0) = 0 from reports.rpt_deliveries",
        "select 'no line of the logs could be read as a record'",
    ),
    (
        "select count(*) = 0 from reports.snapshots where role = 'scoring'",
        """
        select 'no day can be scored; snapshot ' || snapshot_date || ' is skipped: ' || skip_reason
        from reports.snapshots where role = 'skipped' order by snapshot_date desc limit 1
        """,
    ),
    (
        "select true",
        """
        select 'no churn model could be fitted on ' || snapshot_date || ': ' || skip_reason
        from churn.churn_models where skip_reason is not null
        order by snapshot_date desc, model_name limit 1
        """,
    ),
)


def _cause(connection: duckdb.DuckDBPyConnection) -> str:
    for question, answer in CAUSES:
        if connection.execute(question).fetchall()[0][0]:
            rows = connection.execute(answer).fetchall()
            return str(rows[0][0]) if rows else "the tables do not say"
    return "the tables do not say"


def _is_folder_of(served: ServedLogs, logs: ServedLogs) -> bool:
    """Whether a copy may be of these logs: of an unknown folder nobody can say that it is not."""
    return served.folder in (UNKNOWN, logs.folder) or os.path.realpath(
        served.folder
    ) == os.path.realpath(logs.folder)


def _rows(published: Path, sql: str) -> list[tuple[Any, ...]]:
    """Ask the published copy; no rows if there is none, or one without these tables."""
    database = published / DATABASE
    if not database.exists():
        return []
    with duckdb.connect(str(database), read_only=True) as connection:
        try:
            return connection.execute(sql).fetchall()
        except (duckdb.CatalogException, duckdb.BinderException):
            return []
