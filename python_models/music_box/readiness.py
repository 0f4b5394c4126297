"""Whether a build can begin, asked before dbt opens the database: its own answers are riddles.

    python -m music_box.readiness

asks for the warehouse and the logs that MUSIC_BOX_WAREHOUSE and RAW_LOGS name.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb

from music_box.errors import UserError
from music_box.publishing.replacing import ServedLogs, check_logs
from music_box.warehouse import DATABASE, SAMPLE_LOGS_NOTICE, begin, check_logs_lie_apart

# As much as a first table needs; what else is missing is told where it is missed.
PROBE_BYTES = 1024 * 1024
# A curious reader holds a database for a moment, another build for long.
WAITING_SECONDS = (1, 2, 4, 8)
FULL_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT)


class WarehouseError(UserError):
    """A warehouse that no build can write; the message says why and what to do."""


def check_build(database: Path, environment: Mapping[str, str]) -> None:
    """Ask everything that a build can be asked before it reads a line, and mark the warehouse.

    Parameters
    ----------
    database
        The working database, in the warehouse's folder. Neither need exist yet.
    environment
        Environment variables, of which `RAW_LOGS` may name the folder of logs.

    Raises
    ------
    WarehouseError, WarehouseFolderError
        As `check_warehouse`, `check_names`, `check_logs_lie_apart` and `begin` do.
    """
    raw_logs = environment.get("RAW_LOGS", "").strip()
    logs = Path(raw_logs) if raw_logs else database.parent / "sample_logs"
    check_logs_lie_apart(logs, database.parent)
    if logs.is_dir():
        check_names(logs)
    check_warehouse(database)
    begin(database.parent)


def check_warehouse(database: Path) -> None:
    """Write to the warehouse's folder, and open its database, which is left as it was.

    Parameters
    ----------
    database
        The working database, which need not exist yet.

    Raises
    ------
    WarehouseError
        If the folder cannot be written, its disk is full, another program has the database open
        for longer than `WAITING_SECONDS` together, or the file is no database.
    """
    folder = database.parent.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * PROBE_BYTES)
    except OSError as error:
        raise WarehouseError(_why_not_written(folder, error)) from error
    if database.exists():
        _open(database)


def check_names(folder: Path) -> None:
    """Look for names that DuckDB, listing a folder, stumbles over.

    Raises
    ------
    WarehouseError
        If a name that begins with a digit, as those of deliveries do, is no UTF-8 text.
    """
    for path in folder.iterdir():
        name = os.fsencode(path.name)
        if not name[:1].isdigit():
            continue  # the source does not list it
        try:
            name.decode()
        except UnicodeDecodeError as error:
            raise WarehouseError(
                f"'{folder}' holds a file whose name is no UTF-8 text, and DuckDB cannot list it:"
                f" '{name.decode(errors='backslashreplace')}'. Rename it, then build again."
            ) from error


def _why_not_written(folder: Path, error: OSError) -> str:
    if error.errno in FULL_DISK_ERRORS:
        return (
            f"The disk of '{folder}' is full. Free some space, or name a folder on another disk in"
            " MUSIC_BOX_WAREHOUSE, then build again."
        )
    return (
        f"The warehouse '{folder}' cannot be written ({error.strerror}). Allow it, or name another"
        " folder in MUSIC_BOX_WAREHOUSE, then build again."
    )


def _open(database: Path) -> None:
    for seconds in (*WAITING_SECONDS, None):
        try:
            duckdb.connect(str(database)).close()
        except duckdb.Error as error:
            holder = re.search(r"held in (.*?\(PID \d+\))", str(error))
            if holder is None:
                raise WarehouseError(
                    f"'{database}' cannot be opened: {error}. If it is damaged, remove it: a whole"
                    " build makes it again from the raw logs."
                ) from error
            if seconds is None:
                raise WarehouseError(
                    f"'{database}' is open in {holder[1]}: another build, or a client that should"
                    " read the published copy. Wait for its end, or stop it, then build again."
                    " Nothing has been changed."
                ) from error
            print(f"Waiting for {holder[1]}, which has '{database}' open.", flush=True)
            time.sleep(seconds)
        else:
            return


def main() -> None:
    """Check the warehouse and the logs of the environment."""
    warehouse = Path(os.environ.get("MUSIC_BOX_WAREHOUSE") or "warehouse")
    logs = Path(os.environ.get("RAW_LOGS", "").strip() or warehouse / "sample_logs")
    served = ServedLogs.of(logs, SAMPLE_LOGS_NOTICE)
    if logs == warehouse / "sample_logs" and not logs.exists():
        served = replace(served, are_generated=True)  # as `make build` is about to do
    try:
        check_build(warehouse / DATABASE, os.environ)
        check_logs(served, warehouse / "published", os.environ)
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
