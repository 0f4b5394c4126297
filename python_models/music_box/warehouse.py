"""The warehouse's folder: what of it is the project's own, and may be removed.

    python3 -m music_box.warehouse clean warehouse

removes what builds wrote, and nothing else. It needs the standard library alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Collection
from pathlib import Path

from music_box.errors import UserError

# Says that builds write here.
MARKER = ".music_box_warehouse"
MARKER_TEXT = "Builds write here. `make clean` removes what they wrote.\n"
DATABASE = "music_box.duckdb"
SAMPLE_LOGS = ("sample_logs", "compared_logs")
SAMPLE_LOGS_MARKER = "_sample_logs.json"
# Beside generated deliveries, under a name that a loader lists: the marker is nothing it looks at.
SAMPLE_LOGS_NOTICE = "GENERATED.txt"
# Folders that only programs of a build fill: all of their content is theirs.
WHOLE_FOLDERS = ("spark", f"{DATABASE}.tmp", *(f".{name}.partial" for name in SAMPLE_LOGS))
# Folders of benchmarks and comparisons; they have the marker, or are somebody else's.
BENCHMARKS = ("bench", "compared", "evaluation", "parity")
DBT_LOGS = r"(dbt|metricflow)\.log(\.\d+)?"
DBT_ARTIFACTS = (
    r"compiled|run|graph\.gpickle|partial_parse\.msgpack|(static_)?index\.html"
    r"|(manifest|run_results|graph_summary|semantic_manifest|osi_document|sources|catalog|perf_info)"
    r"\.json"
)
# Files and folders that dbt writes. `logs` is a name that people give to logs of their own, too.
DBT_NAMES = {
    "logs": DBT_LOGS,
    "target": DBT_ARTIFACTS,
    "lint": f"{DBT_ARTIFACTS}|{DBT_LOGS}",
}
# Files of folders that people look into, and may put files of their own into.
FILES = {
    "landing": r".+\.(landed\.json|landed\.part|(regular|irregular)(\.part)?)",
    "report": r"index\.(html|unfinished)|.+\.csv",
    "docs": r"index\.html",
}
COPIES = "published_copies"
COPY_FILES = r"music_box\.duckdb(\.wal|\.tmp)?|served_logs\.json|\w+\.parquet"
COPY_NAME = r"[0-9a-f]{32}|link"
OWN_FILES = (
    DATABASE,
    f"{DATABASE}.wal",
    f"{DATABASE}.running",
    "forgotten_users.sha256",
    "faults.xml",
    "sizes.xml",
)
# What builds write, but for sample logs, whose folder has a marker of its own.
OWN_NAMES = (*OWN_FILES, *WHOLE_FOLDERS, *BENCHMARKS, *DBT_NAMES, *FILES, COPIES, "published")
DBT_FILES = {
    "manifest.json",
    "partial_parse.msgpack",
    "semantic_manifest.json",
    "graph_summary.json",
}
# Where logs must not lie: a build replaces or removes files there.
WORKING_FOLDERS = (*WHOLE_FOLDERS, *BENCHMARKS, *DBT_NAMES, *FILES, COPIES, "published")


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
    marker.write_text(MARKER_TEXT, "utf-8")


def _is_foreign(path: Path) -> bool:
    """True for a name that is there and is not from dbt, which writes before it asks anything."""
    if not path.exists():
        return False
    names = [child.name for child in path.iterdir()] if path.is_dir() else [""]
    if path.suffix == ".xml" or (path / MARKER).is_file():
        return False  # of tests and of benchmarks, which may come before the first build
    if path.name in DBT_NAMES and path.name != "target":
        return not all(re.fullmatch(DBT_NAMES[path.name], name) for name in names)
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
    own = [warehouse / name for name in ("", *WORKING_FOLDERS)]
    dbt_paths = (os.environ.get("DBT_TARGET_PATH"), os.environ.get("DBT_LOG_PATH"))
    for working in [*own, *(Path(path) for path in dbt_paths if path)]:
        resolved = working.resolve()
        is_inside = resolved in raw.parents and working != warehouse
        if resolved == raw or raw in resolved.parents or is_inside:
            raise _not_apart(logs, working)


def check_landing_lies_apart(logs: Path, landing: Path) -> None:
    """Refuse to land logs in their own folder, in one inside it, or in one around it.

    Raises
    ------
    WarehouseFolderError
        If both are the same folder or one holds the other, links followed.
    """
    raw, resolved = logs.resolve(), landing.resolve()
    if raw.is_relative_to(resolved) or resolved.is_relative_to(raw):
        raise _not_apart(logs, landing)


def _not_apart(logs: Path, working: Path) -> WarehouseFolderError:
    is_same = logs.resolve() == working.resolve()
    relation = "are the same folder" if is_same else "lie one in the other"
    return WarehouseFolderError(
        f"RAW_LOGS, '{logs}', and '{working}', where builds write and remove files,"
        f" {relation}. Nothing has been changed. Move the logs to a folder of their own,"
        " or name another warehouse in MUSIC_BOX_WAREHOUSE, then build again."
    )


def claim(folder: Path) -> None:
    """Mark a folder as one of a benchmark, which removes what it finds there; end if it is not.

    Raises
    ------
    SystemExit
        If it holds something and has no marker.
    """
    if not (folder / MARKER).is_file() and folder.exists() and any(folder.iterdir()):
        sys.exit(
            f"'{folder}' is not empty and was not written by this project (no {MARKER} in it)."
            " Nothing has been changed. Name another folder, or move it away."
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text(MARKER_TEXT, "utf-8")


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


def leads_to_copy(link: Path) -> bool:
    """True for the link of a published folder, which leads to a copy beside it."""
    return link.resolve().parent == link.with_name(f"{link.name}_copies").resolve()


def is_copy(folder: Path) -> bool:
    """True if a folder holds a published copy and nothing else."""
    names = [path.name for path in folder.iterdir()]
    return DATABASE in names and all(re.fullmatch(COPY_FILES, name) for name in names)


def clean(warehouse: Path) -> list[Path]:
    """Remove what builds wrote into a warehouse.

    Links are never followed. Logs stay, but for those that the generator wrote.

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
        if path.is_symlink():
            # any other link is the user's, and so is what it leads to
            if name == "published" and leads_to_copy(path):
                path.unlink()
        elif name in OWN_FILES:
            path.unlink(missing_ok=True)
        elif path.is_dir():
            _remove_own(path)
    left = sorted(path for path in warehouse.iterdir() if path != marker)
    if not left:
        marker.unlink()
        _remove_if_empty(warehouse)
    return left


def _remove_own(folder: Path) -> None:
    """Remove what builds wrote into a folder of a warehouse."""
    if folder.name in (*WHOLE_FOLDERS, *BENCHMARKS):
        if _is_whole(folder):
            shutil.rmtree(folder)
    elif folder.name in DBT_NAMES:
        _remove_trees(folder, DBT_NAMES[folder.name])
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


def _is_whole(folder: Path) -> bool:
    """True where a program has filled a folder, and all of its content is the program's."""
    if folder.name in BENCHMARKS:
        return (folder / MARKER).is_file()
    return not folder.name.endswith(".partial") or (folder / SAMPLE_LOGS_NOTICE).is_file()


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


def _remove_trees(folder: Path, pattern: str) -> None:
    for path in sorted(folder.iterdir()):
        if re.fullmatch(pattern, path.name):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
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
