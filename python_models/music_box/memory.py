"""How much memory host and container give, and how DuckDB and Python share it."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

SETTING = "MUSIC_BOX_MEMORY"
MEGABYTE, GIGABYTE = 10**6, 10**9
# DuckDB spills what exceeds its limit to disk; Python cannot.
_DUCKDB_SHARE = 0.4
# What dbt and the libraries hold before any work.
_PROGRAM_BYTES = 500 * MEGABYTE
# What one thread holds that scores a block of users, or fits a recommender.
_WORKER_BYTES = 250 * MEGABYTE
# What a Python model holds at most that fits recommenders, its threads apart.
_MODEL_BYTES = 1_000 * MEGABYTE
# What a whole build needs: so much for any logs, and so much for each byte of their text. Measured
# at 6,000, 60,000 and 600,000 generated users, and rounded up.
_LEAST_BYTES, _BYTES_PER_TEXT_BYTE = 1_700 * MEGABYTE, 1.1
# Logs are about so many times as large as their gzip file.
_COMPRESSION = 3.0
# A parameter of `mallopt`, as <malloc.h> numbers it, and the value that it keeps from now on.
_MMAP_THRESHOLD, _LARGE_ARRAY_BYTES = -3, 1_000_000
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


# dbt shows the message of a RuntimeError, and the traceback of anything else.
class MemorySettingError(RuntimeError):
    """A setting of memory that nobody can read; the message says what to write."""


def available_bytes(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Memory that this process can use: what the host has left, or less where a container says so.

    Parameters
    ----------
    proc, cgroups
        Where the kernel tells.
    """
    return min(_host_bytes(proc), *_container_limits(proc, cgroups), sys.maxsize)


def _host_bytes(proc: Path) -> int:
    try:
        lines = (proc / "meminfo").read_text("utf-8").splitlines()
    except OSError:
        # no Linux
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    pairs = (line.split(":") for line in lines)
    known = {name: int(size.split()[0]) * 1024 for name, size in pairs}
    # kernels before 3.14 do not tell what is available
    return known.get("MemAvailable", known["MemTotal"])


def _container_limits(proc: Path, cgroups: Path) -> Iterator[int]:
    """Limits of the groups that hold this process, and of those that hold these."""
    try:
        lines = (proc / "self/cgroup").read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            roots, names = [cgroups, cgroups / "unified"], ["memory.max", "memory.high"]
        elif "memory" in controllers.split(","):
            roots, names = [cgroups / "memory"], ["memory.limit_in_bytes"]
        else:
            continue
        # a container may see its own group as the root, and not find its path
        for folder in _upwards(Path(group.lstrip("/"))):
            yield from _numbers(root / folder / name for root in roots for name in names)


def _upwards(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.parents


def _numbers(files: Iterable[Path]) -> Iterator[int]:
    """Numbers in those of the files that hold one; without a limit it is a word, or no file."""
    for file in files:
        try:
            text = file.read_text("utf-8").strip()
        except OSError:
            continue
        if text.isdecimal():
            yield int(text)


@cache
def usable_bytes() -> int:
    """What was available when the process first asked; its own work counts no more."""
    return available_bytes()


def duckdb_bytes(usable: int) -> int:
    """DuckDB's limit: what `MUSIC_BOX_MEMORY` says or, without it, a share of what is usable.

    Raises
    ------
    MemorySettingError
        If the setting is no number with a unit.
    """
    setting = os.environ.get(SETTING, "").strip()
    return setting_bytes(setting) if setting else int(usable * _DUCKDB_SHARE)


def setting_bytes(text: str) -> int:
    """Bytes of a size as DuckDB writes it."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([A-Za-z]+)", text)
    if found is None or found[2].upper() not in _UNITS or not float(found[1]):
        raise MemorySettingError(
            f"{SETTING} is '{text}', which is no amount of memory. Write a number and a unit, such"
            " as 4GB, or leave it out: the limit then follows from what host and container give."
        )
    return int(float(found[1]) * _UNITS[found[2].upper()])


def workers(cores: int, usable: int | None = None) -> int:
    """Threads that Python's share of memory has room for, one at least.

    They change the time that something takes, never its result: blocks of work are always the same.
    """
    usable = usable_bytes() if usable is None else usable
    room = usable - duckdb_bytes(usable) - _PROGRAM_BYTES
    return max(1, min(cores, room // _WORKER_BYTES))


def models(usable: int) -> int:
    """Python models that memory has room for side by side, one at least."""
    room = usable - duckdb_bytes(usable) - _PROGRAM_BYTES
    return max(1, room // _MODEL_BYTES)


def return_what_is_freed() -> None:
    """Have large arrays go back to the system once they are freed, in this process and for good.

    The C library of Linux learns from the first large array that is freed to keep such ones for
    itself, in a heap per thread: a build would hold the sum of what its threads ever held.
    """
    with suppress(AttributeError, OSError, TypeError):  # another C library keeps nothing
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE_ARRAY_BYTES)


def text_bytes(folder: Path) -> int:
    """Bytes of the logs in a folder once they are unpacked, about."""
    total = 0.0
    for path in folder.iterdir():
        if path.name[:1].isdigit() and path.is_file():
            total += path.stat().st_size * (_COMPRESSION if path.suffix == ".gz" else 1)
    return int(total)


def warning(text: int, usable: int, limit: int) -> str | None:
    """What is said before a build that memory is too small for; none if it is large enough.

    Parameters
    ----------
    text
        Bytes of the logs, unpacked.
    usable
        Bytes of memory that there are.
    limit
        Bytes of them that DuckDB may hold.
    """
    needed = int(_LEAST_BYTES + _BYTES_PER_TEXT_BYTE * text)
    if needed > usable:
        return (
            f"Memory may not suffice: {_gigabytes(text)} of logs need about {_gigabytes(needed)},"
            f" host and container give {_gigabytes(usable)}. If the build is killed, give it more"
            " memory, set MUSIC_BOX_THREADS=1, or keep a part of the users:"
            " --vars '{user_sample_fraction: 0.1}'."
        )
    if limit + _PROGRAM_BYTES > usable:
        return (
            f"{SETTING} allows DuckDB {_gigabytes(limit)}, host and container give"
            f" {_gigabytes(usable)}: the build may be killed. Lower it, or leave it out: the limit"
            " then follows from what they give."
        )
    return None


def _gigabytes(count: int) -> str:
    return f"{count / GIGABYTE:.1f} GB"
