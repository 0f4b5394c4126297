"""Every file of a folder landed, and the memory of what earlier calls landed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from music_box.forgetting import Forgotten
from music_box.landing.containers import DeliveryError
from music_box.landing.delivery import LandedFile, read_delivery
from music_box.landing.names import parse_delivery_name
from music_box.parallel import in_order
from music_box.readiness import FULL_DISK_ERRORS
from music_box.warehouse import check_landing_lies_apart, remove_landed

MAX_NAME_BYTES = 200  # file systems allow 255, and landed copies have endings of their own
CACHE_VERSION = 3  # raise it when this package reads the same bytes differently
RECENT_SECONDS = 2.0


def land_folder(
    raw_logs: Path,
    landing: Path,
    name_pattern: str,
    log_fields: Mapping[str, Sequence[str]],
    forgotten: Forgotten | None = None,
) -> pd.DataFrame:
    """Land every file of a folder, reading only those that are new or changed since the last call.

    Parameters
    ----------
    raw_logs
        The folder of deliveries. Names that begin with `.` or `_` are no deliveries: passed over.
    landing
        Where copies, irregular lines and the memory of earlier calls are kept; safe to delete.
        Other files there are left alone.
    name_pattern
        See `parse_delivery_name`.
    log_fields
        Event code of the name -> names of the fields of its lines.
    forgotten
        Users of whose lines nothing but the number is kept.

    Returns
    -------
    DataFrame
        One row per file, with the columns of `LandedFile`.

    Raises
    ------
    WarehouseFolderError
        If one of both folders is, or holds, the other.
    """
    check_landing_lies_apart(raw_logs, landing)
    landing.mkdir(parents=True, exist_ok=True)
    entries = sorted(
        (entry for entry in os.scandir(raw_logs) if not entry.name.startswith((".", "_"))),
        key=lambda entry: entry.name,
    )
    total = sum(entry.stat().st_size for entry in entries if entry.is_file())
    kept: set[str] = set()
    rows = []
    with tqdm(total=total, unit="B", unit_scale=True, desc="landing", mininterval=1.0) as progress:
        land = partial(
            _land_entry,
            landing=landing,
            name_pattern=name_pattern,
            log_fields=log_fields,
            forgotten=forgotten,
        )
        for landed in in_order(land, entries):
            rows.append(asdict(landed))
            kept |= {_memory_path(landing, landed.file_name).name}
            kept |= {
                Path(path).name for path in (landed.regular_path, landed.irregular_path) if path
            }
            progress.update(landed.file_bytes)
    remove_landed(landing, kept)
    return _to_frame(rows)


def _to_frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    columns = list(LandedFile.__dataclass_fields__)
    integers = ["file_bytes", "content_bytes", "delivery_id", "lines", "irregular_lines"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.astype(dict.fromkeys([*integers, "modified_ns"], "Int64"))
    texts = [name for name in columns if name not in {*integers, "modified_ns", "is_cut"}]
    return frame.astype(dict.fromkeys(texts, "str") | {"is_cut": "boolean"})


def _land_entry(
    entry: os.DirEntry[str],
    landing: Path,
    name_pattern: str,
    log_fields: Mapping[str, Sequence[str]],
    forgotten: Forgotten | None,
) -> LandedFile:
    printable_name = os.fsencode(entry.name).decode("utf-8", "backslashreplace")
    if not entry.is_file():
        return LandedFile(printable_name, problem="not a file")
    status = entry.stat()
    name = parse_delivery_name(entry.name, name_pattern)
    problem = None
    if printable_name != entry.name:
        problem = "the name is not UTF-8 text"
    elif name is None:
        problem = "the name is not YYYYMMDD[_part]_{play|down|search}.log[.gz|.tar.gz]"
    elif len(os.fsencode(entry.name)) > MAX_NAME_BYTES:
        problem = f"the name is longer than {MAX_NAME_BYTES} bytes"
    if name is None or problem is not None:
        return LandedFile(
            printable_name,
            problem=problem,
            file_bytes=status.st_size,
            modified_ns=status.st_mtime_ns,
        )
    fields = list(log_fields[name.event])
    fingerprint = [
        CACHE_VERSION, entry.path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, fields,
        forgotten and forgotten.digest,
    ]  # fmt: skip
    remembered = _recall(landing, entry.name, fingerprint)
    if remembered is not None:
        return remembered
    seen_at = time.time()
    is_lasting = True
    try:
        landed = read_delivery(Path(entry.path), landing, name, len(fields), forgotten)
    except (DeliveryError, OSError) as error:
        if isinstance(error, OSError) and error.errno in FULL_DISK_ERRORS:
            raise  # this is no fault of the delivery's, and the next one would not land either
        # What the bytes say stays true; a permission may be given and a disk mended.
        is_lasting = isinstance(error, DeliveryError)
        landed = LandedFile(
            entry.name,
            delivery=name.delivery,
            event=name.event,
            event_date=name.event_date.isoformat(),
            part=name.part,
            problem=str(error),
            file_bytes=status.st_size,
            modified_ns=status.st_mtime_ns,
        )
    # A file written just now may be written again within the clock's grain: look again next time.
    if is_lasting and seen_at - max(status.st_mtime, status.st_ctime) > RECENT_SECONDS:
        _remember(landing, landed, fingerprint)
    return landed


def _memory_path(landing: Path, file_name: str) -> Path:
    return landing / f"{file_name}.landed.json"


def _recall(landing: Path, file_name: str, fingerprint: list[object]) -> LandedFile | None:
    """Return what an earlier call found in this file, if it and its landed copies are the same."""
    try:
        memory = json.loads(_memory_path(landing, file_name).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if memory["fingerprint"] != fingerprint:
        return None
    landed = LandedFile(**memory["landed"])
    paths = [path for path in (landed.regular_path, landed.irregular_path) if path]
    return landed if all(Path(path).exists() for path in paths) else None


def _remember(landing: Path, landed: LandedFile, fingerprint: list[object]) -> None:
    path = _memory_path(landing, landed.file_name)
    temporary = path.with_suffix(".part")
    temporary.write_text(
        json.dumps({"fingerprint": fingerprint, "landed": asdict(landed)}), "utf-8"
    )
    temporary.replace(path)
