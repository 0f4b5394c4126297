"""Running a build under a real limit of memory, where the machine lets us set one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

CGROUPS = Path("/sys/fs/cgroup")
REMEDY = (
    "only who may write /sys/fs/cgroup can limit memory: run this test as root, on the machine"
    " itself or in a container started with --privileged"
)


@dataclass(frozen=True)
class Group:
    """A control group of ours."""

    folder: Path

    def enter(self) -> None:
        """Put this process into the group: for `subprocess`, as its `preexec_fn`."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()), "utf-8")

    @property
    def peak_bytes(self) -> int:
        """The most that it has held, files that the kernel caches for it among it."""
        names = ["memory.peak", "memory.max_usage_in_bytes"]
        found = next(self.folder / name for name in names if (self.folder / name).exists())
        return int(found.read_text("utf-8"))


def parent_of_groups() -> tuple[Path, str]:
    """Where a group can be made, and the file of its limit, for versions 1 and 2."""
    lines = Path("/proc/self/cgroup").read_text("utf-8").splitlines()
    for line in lines:
        _, controllers, own = line.split(":", 2)
        if "memory" in controllers.split(","):
            folder = CGROUPS / "memory" / own.lstrip("/")
            return folder if folder.is_dir() else CGROUPS / "memory", "memory.limit_in_bytes"
    # of version 2, no group that holds processes limits groups below it, but for the root
    return CGROUPS, "memory.max"


@contextmanager
def limited_memory(limit: int) -> Iterator[Group]:
    """A group that may hold so many bytes; without one the test is skipped."""
    parent, name = parent_of_groups()
    group = Group(parent / f"music_box_test_{os.getpid()}")
    try:
        if name == "memory.max":
            (parent / "cgroup.subtree_control").write_text("+memory", "utf-8")
        group.folder.mkdir()
    except OSError as error:
        pytest.skip(f"{REMEDY} ({error})")
    try:
        (group.folder / name).write_text(str(limit), "utf-8")
        yield group
    finally:
        # what has ended leaves its group a moment later
        time.sleep(1)
        group.folder.rmdir()
