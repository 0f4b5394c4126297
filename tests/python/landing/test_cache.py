"""A folder landed again: what has not changed is not read, what has is, and nothing stale stays."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from music_box.landing import delivery, folder, land_folder, split_block

from .conftest import DOWNLOAD, LOG_FIELDS, NAME_PATTERN, Deliveries, irregular_lines

CLEAN, DIRTY, BROKEN = "20170330_1_down.log", "20170330_2_down.log", "20170330_3_down.log"


@pytest.fixture
def settled(deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch) -> Deliveries:
    """A landed folder, none of whose files counts as recently written."""
    monkeypatch.setattr(folder, "RECENT_SECONDS", -1.0)
    deliveries.write(CLEAN, DOWNLOAD)
    deliveries.write(DIRTY, DOWNLOAD + b"\n")
    deliveries.write(BROKEN, b"\x1f\x8b\x08 no archive")
    deliveries.land()
    return deliveries


@pytest.fixture
def read_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are opened as bytes from here on, each once in a row."""
    names: list[str] = []
    open_path = Path.open

    def watched(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if mode == "rb" and names[-1:] != [path.name]:
            names.append(path.name)
        return open_path(path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", watched)
    return names


def test_an_unchanged_folder_is_not_read_again_and_lands_the_same(
    settled: Deliveries, read_names: list[str]
) -> None:
    """Not even an archive that could not be read: its bytes are still the same."""
    first = settled.land()

    assert settled.land() == first
    assert read_names == []
    assert first[BROKEN]["problem"] is not None


def test_only_a_new_file_is_read(settled: Deliveries, read_names: list[str]) -> None:
    settled.write("20170331_1_down.log", DOWNLOAD)

    assert settled.land()["20170331_1_down.log"]["lines"] == 1
    assert read_names == ["20170331_1_down.log"]


def test_a_changed_file_is_read_again_and_its_old_copies_go(
    settled: Deliveries, read_names: list[str]
) -> None:
    before = settled.land()[DIRTY]
    settled.write(DIRTY, DOWNLOAD + b"\n\n")

    after = settled.land()[DIRTY]

    assert read_names == [DIRTY]
    assert (before["irregular_lines"], after["irregular_lines"]) == (1, 2)
    assert not Path(before["regular_path"]).exists()
    assert not Path(before["irregular_path"]).exists()


def test_a_file_of_the_same_size_and_time_with_other_bytes_is_read_again(
    settled: Deliveries, read_names: list[str]
) -> None:
    """`cp --preserve` and rsync set the modification time back; the change time tells."""
    path = settled.raw_logs / CLEAN
    status = path.stat()
    settled.write(CLEAN, DOWNLOAD.replace(b"song", b"gong"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    settled.land()

    assert read_names == [CLEAN]


@pytest.mark.parametrize("kind", ["regular", "irregular"])
def test_a_copy_that_was_removed_is_made_again(
    settled: Deliveries, read_names: list[str], kind: str
) -> None:
    before = settled.land()[DIRTY]
    Path(before[f"{kind}_path"]).unlink()

    assert settled.land()[DIRTY] == before
    assert read_names == [DIRTY]
    assert len(irregular_lines(before)) == 1


def test_a_file_written_a_moment_ago_is_looked_at_again(
    deliveries: Deliveries, read_names: list[str]
) -> None:
    """It may be written again without the clock's tick showing it."""
    deliveries.write(CLEAN, DOWNLOAD)
    deliveries.land()
    read_names.clear()

    deliveries.land()

    assert read_names == [CLEAN]


def test_what_is_left_of_files_that_are_gone_is_removed(settled: Deliveries) -> None:
    (settled.landing / "20170101_1_down.log.regular.part").write_bytes(b"interrupted")
    (settled.raw_logs / DIRTY).unlink()
    (settled.raw_logs / BROKEN).unlink()

    settled.land()

    assert [path.name for path in settled.landing.iterdir()] == [f"{CLEAN}.landed.json"]


def test_a_damaged_memory_is_no_memory(settled: Deliveries, read_names: list[str]) -> None:
    (settled.landing / f"{CLEAN}.landed.json").write_text("{")

    assert settled.land()[CLEAN]["lines"] == 1
    assert read_names == [CLEAN]


@pytest.mark.parametrize("change", ["fields", "version", "folder"])
def test_what_else_decides_how_bytes_are_read_is_remembered_too(
    settled: Deliveries, read_names: list[str], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    fields = dict(LOG_FIELDS)
    raw_logs = settled.raw_logs
    if change == "fields":
        fields["down"] = [*fields["down"], "quality"]
    elif change == "version":
        monkeypatch.setattr(folder, "CACHE_VERSION", folder.CACHE_VERSION + 1)
    else:
        raw_logs = raw_logs.rename(raw_logs.with_name("moved"))

    land_folder(raw_logs, settled.landing, NAME_PATTERN, fields)

    assert set(read_names) == {CLEAN, DIRTY, BROKEN}


def test_a_file_that_grows_while_it_is_read_is_not_used(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def split_while_somebody_writes(content: bytes, fields: int) -> object:
        deliveries.write(CLEAN, DOWNLOAD * 3)
        return split_block(content, fields)

    monkeypatch.setattr(delivery, "split_block", split_while_somebody_writes)

    landed = deliveries.land_one(CLEAN, DOWNLOAD)

    assert (
        landed["problem"] == "the file changed while it was read; build again when it is complete"
    )
    assert landed["lines"] is None


def failing_with(error: OSError) -> Callable[..., Any]:
    """A stand-in for reading blocks that meets an error of the operating system."""

    def fail(*_: object) -> None:
        raise error

    return fail


def test_a_file_that_could_not_be_read_for_now_is_tried_again(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A permission or a network disk may be mended without the file's times telling."""
    monkeypatch.setattr(folder, "RECENT_SECONDS", -1.0)
    with monkeypatch.context() as trouble:
        trouble.setattr(
            delivery, "read_blocks", failing_with(OSError(errno.EIO, "Input/output error"))
        )
        assert deliveries.land_one(CLEAN, DOWNLOAD)["problem"] == "[Errno 5] Input/output error"

    landed = deliveries.land()[CLEAN]

    assert (landed["problem"], landed["lines"]) == (None, 1)


def test_a_full_disk_is_no_fault_of_a_delivery(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taking it for one would empty the marts of all that did not fit."""
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(delivery, "read_blocks", failing_with(full))

    with pytest.raises(OSError, match="No space left on device"):
        deliveries.land_one(CLEAN, DOWNLOAD)
