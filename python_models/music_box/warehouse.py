"""The warehouse's folder: what of it is the project's own, and may be removed.

    python3 -m music_box.warehouse clean warehouse

removes what builds wrote, and nothing else. It needs the standard library alone.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Collection
from pathlib import Path

from music_box.errors import UserError

# Says that builds write here.
MARKER = ".music_box_warehouse"
DATABASE = "music_box.duckdb"
SAMPLE_LOGS = ("sample_logs", "compared_logs")
SAMPLE_LOGS_MARKER = "_sample_logs.json"
# Beside generated deliveries, under a name that a loader lists: the marker is nothing it looks at.
SAMPLE_LOGS_NOTICE = "GENERATED.txt"
# Folders that only programs of a build fill: all of their content is theirs.
WHOLE_FOLDERS = (
    "bench", "lint", "logs", "parity", "sizes", "spark", "target", f"{DATABASE}.tmp",
    *(f".{name}.partial" for name in SAMPLE_LOGS),
)  # fmt: skip
# Files of folders that people look into, and may put files of their own into.
FILES = {
    "landing": r".+\.(landed\.json|landed\.part|(regular|irregular)(\.part)?)",
    "report": r"index\.(html|unfinished)|.+\.csv",
    "docs": r"index\.html",
}
COPIES = "published_copies"
COPY_FILES = r"music_box\.duckdb(\.wal|\.tmp)?|served_logs\.json|\w+\.parquet"
COPY_NAME = r"[0-9a-f]{32}|link"
OWN_FILES = (DATABASE, f"{DATABASE}.wal", "forgotten_users.sha256", "faults.xml")
# What builds write, but for sample logs, whose folder has a marker of its own.
OWN_NAMES = (*OWN_FILES, *WHOLE_FOLDERS, *FILES, COPIES, "published")
DBT_FILES = {
    "manifest.json",
    "partial_parse.msgpack",
    "semantic_manifest.json",
    "graph_summary.json",
}
# Where logs must not lie: a build replaces or removes files there.
WORKING_FOLDERS = (*WHOLE_FOLDERS, *FILES, COPIES, "published")


class WarehouseFolderError(UserError):
    """A folder that must not be used as a warehouse, or must not be cleaned."""


def begin(warehouse: Path) -> None:
    """Mark a folder as a warehouse before anything is written into it.

    Raises
    ------
    WarehouseFolderError
        If the folder holds a name that builds write, but no marker and no database: the name is
        somebody else's.
    """
    marker = warehouse / MARKER
    if marker.exists():
        return
    if not (warehouse / DATABASE).exists():
        taken = [name for name in OWN_NAMES if _is_foreign(warehouse / name)]
        if taken:
            raise WarehouseFolderError(
                f"'{warehouse}' is no warehouse of this project, and holds {', '.join(taken)},"
                " which builds would replace. Nothing has been changed. Name a new or empty folder"
                " in MUSIC_BOX_WAREHOUSE, then build again."
            )
    warehouse.mkdir(parents=True, exist_ok=True)
    marker.write_text("Builds write here. `make clean` removes what they wrote.\n", "utf-8")


def _is_foreign(path: Path) -> bool:
    """True for a name that is there and is not from dbt, which writes before it asks anything."""
    if not path.exists():
        return False
    names = [child.name for child in path.iterdir()] if path.is_dir() else [""]
    if path.name == "logs":
        return not all(name.startswith("dbt.log") for name in names)
    return bool(names) and not (path.name == "target" and DBT_FILES & set(names))


def check_logs_lie_apart(logs: Path, warehouse: Path) -> None:
    """Refuse logs in, around or under a folder in which builds remove files.

    Parameters
    ----------
    logs
        The folder of raw logs, RAW_LOGS.
    warehouse
        The warehouse's folder, MUSIC_BOX_WAREHOUSE. `sample_logs` in it is a good place of logs.

    Raises
    ------
    WarehouseFolderError
        If both are the same folder or one holds the other, links followed.
    """
    raw = logs.resolve()
    for working in (warehouse / name for name in ("", *WORKING_FOLDERS)):
        resolved = working.resolve()
        is_inside = resolved in raw.parents and working != warehouse
        if resolved == raw or raw in resolved.parents or is_inside:
            relation = "are the same folder" if resolved == raw else "lie one in the other"
            raise WarehouseFolderError(
                f"RAW_LOGS, '{logs}', and '{working}', where builds write and remove files,"
                f" {relation}. Nothing has been changed. Move the logs to a folder of their own,"
                " or name another warehouse in MUSIC_BOX_WAREHOUSE, then build again."
            )


def remove_landed(landing: Path, kept: Collection[str] = ()) -> None:
    """Remove landed copies and memories, but for the names to be kept; other files stay."""
    _remove_files(landing, FILES["landing"], kept)
    _remove_if_empty(landing)


def remove_copies(copies: Path, kept: Collection[str] = ()) -> None:
    """Remove published copies, but for the names to be kept; what is no copy stays."""
    if not copies.is_dir():
        return
    for path in sorted(copies.iterdir()):
        if path.name in kept or not re.fullmatch(COPY_NAME, path.name):
            continue
        if path.is_symlink():
            path.unlink()
        elif path.is_dir():
            _remove_files(path, COPY_FILES)
            _remove_if_empty(path)


def is_copy(folder: Path) -> bool:
    """True if a folder holds a published copy and nothing else."""
    names = [path.name for path in folder.iterdir()]
    return DATABASE in names and all(re.fullmatch(COPY_FILES, name) for name in names)


def clean(warehouse: Path) -> list[Path]:
    """Remove what builds wrote into a warehouse.

    Links are removed, never followed. Logs stay, but for those that the generator wrote.

    Returns
    -------
    list of Path
        What is left: files that the project did not write.

    Raises
    ------
    WarehouseFolderError
        If the folder does not hold the marker that builds write.
    """
    if not warehouse.exists():
        return []
    marker = warehouse / MARKER
    if not marker.is_file():
        raise WarehouseFolderError(
            f"'{warehouse}' does not hold {MARKER}, which builds write: it may not be a warehouse"
            " of this project. Nothing has been removed. Build into it once, or remove it by hand."
        )
    for name in (*OWN_NAMES, *SAMPLE_LOGS):
        path = warehouse / name
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir():
            _remove_own(path)
    left = sorted(path for path in warehouse.iterdir() if path != marker)
    if not left:
        marker.unlink()
        _remove_if_empty(warehouse)
    return left


def _remove_own(folder: Path) -> None:
    """Remove what builds wrote into a folder of a warehouse."""
    if folder.name in WHOLE_FOLDERS:
        shutil.rmtree(folder)
    elif folder.name in SAMPLE_LOGS:
        for name in (*generated_files(folder), SAMPLE_LOGS_MARKER):
            path = folder / name
            if path.is_file() and path.parent == folder:
                path.unlink()
    elif folder.name == COPIES:
        remove_copies(folder)
    elif folder.name != "published" or is_copy(folder):
        _remove_files(folder, FILES.get(folder.name, COPY_FILES))
    _remove_if_empty(folder)


def generated_files(folder: Path) -> list[str]:
    """Names of the files that the generator of sample logs wrote into a folder."""
    try:
        return list(json.loads((folder / SAMPLE_LOGS_MARKER).read_text("utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _remove_files(folder: Path, pattern: str, kept: Collection[str] = ()) -> None:
    if not folder.is_dir() or folder.is_symlink():
        return
    for path in sorted(folder.iterdir()):
        is_own = re.fullmatch(pattern, path.name) and path.name not in kept
        if is_own and (path.is_file() or path.is_symlink()):
            path.unlink()


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()


def main(arguments: list[str]) -> None:
    """Clean the warehouse that is named."""
    if len(arguments) != 2 or arguments[0] != "clean":  # noqa: PLR2004 - a verb and a folder
        sys.exit("usage: python3 -m music_box.warehouse clean FOLDER")
    try:
        left = clean(Path(arguments[1]))
    except (WarehouseFolderError, OSError) as error:
        sys.exit(str(error))
    for path in left:
        print(f"left alone, not written by this project: {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
