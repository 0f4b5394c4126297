"""Which file speaks for a delivery, and what is said of the others.

The folder stands in for a delivery list in which nearly everything went wrong once.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest
from conftest import Warehouse, build

from .lines import download

MEBIBYTE = 1024 * 1024


def downloads(uid: int, lines: int) -> bytes:
    """Content of downloads of one user, by whom the file is told."""
    return f"{download(uid)}\n".encode() * lines


def archive(content: bytes) -> bytes:
    """Content of a .tar.gz with one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        description = tarfile.TarInfo("down.log")
        description.size = len(content)
        tar.addfile(description, io.BytesIO(content))
    return packed.getvalue()


def deliver(folder: Path, name: str, content: bytes, day: int = 1) -> None:
    """Write a file as if on this day of 2018."""
    (folder / name).write_bytes(content)
    modified = 1514764800 + 86400 * day
    os.utime(folder / name, (modified, modified))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A folder of files that contradict, repeat and lie, as far as the report of deliveries."""
    folder = tmp_path_factory.mktemp("raw_logs")

    # an archive under a plain name beside the same archive under its own name
    deliver(folder, "20170401_1_down.log", archive(downloads(1, 3)), day=1)
    deliver(folder, "20170401_1_down.log.tar.gz", archive(downloads(1, 3)), day=2)
    # a delivery that was sent again with another content
    deliver(folder, "20170401_2_down.log", downloads(20, 3), day=1)
    deliver(folder, "20170401_2_down.log.gz", gzip.compress(downloads(21, 4)), day=2)
    # a delivery sent three times, first and last with the same content
    deliver(folder, "20170401_3_down.log", downloads(31, 2), day=1)
    deliver(folder, "20170401_3_down.log.gz", gzip.compress(downloads(30, 5)), day=2)
    deliver(folder, "20170401_3_down.log.tar.gz", archive(downloads(31, 2)), day=3)
    # a newer archive that cannot be read does not push out the file that can
    deliver(folder, "20170401_4_down.log", downloads(40, 3), day=1)
    deliver(folder, "20170401_4_down.log.gz", gzip.compress(downloads(41, 3))[:-9], day=2)
    deliver(folder, "20170401_5_down.log.tar.gz", archive(downloads(50, 300))[:-90])
    # days that repeat another, and one that only looks like it because it is empty as well
    deliver(folder, "20170402_1_down.log", downloads(60, 7))
    deliver(folder, "20170403_1_down.log.gz", gzip.compress(downloads(60, 7)))
    deliver(folder, "20170402_2_down.log", b"")
    deliver(folder, "20170403_2_down.log", b"")
    # an upload that stopped at a whole MiB
    deliver(folder, "20170404_1_down.log", downloads(70, MEBIBYTE)[:MEBIBYTE])
    # names that lie, and names that hold what SQL, file patterns and URLs hold
    deliver(folder, "20170404_2_down.log.gz", downloads(80, 1))
    deliver(folder, "20170404_3_down.log", gzip.compress(downloads(81, 1)))
    deliver(folder, "20170404_it's_down.log", downloads(82, 1))
    deliver(folder, "20170404_*_down.log", downloads(83, 1))
    deliver(folder, "20170404_[3]_down.log", downloads(84, 1))
    deliver(folder, "20170404_%33_down.log", b"\n" + downloads(85, 1))
    deliver(folder, "20170404_{{ this }}_down.log", downloads(86, 1))
    # what is no delivery
    deliver(folder, "down.log", downloads(90, 1))
    deliver(folder, "20170431_1_down.log", downloads(91, 1))
    deliver(folder, "notes.txt", b"hello")
    deliver(folder, os.fsdecode(b"\xb8\xe8_down.log"), downloads(92, 1))
    (folder / "20170405_1_down.log").mkdir()

    return build(
        folder,
        tmp_path_factory.mktemp("warehouse"),
        "--select",
        "+rpt_deliveries +rpt_rejected_lines",
    )


ACCEPTED = ("accepted", None)
DUPLICATE = ("duplicate", "another file of this delivery has the same content")
SUPERSEDED = ("superseded", "a newer file of this delivery has another content")
BAD_NAME = ("ignored", "the name is not YYYYMMDD[_part]_{play|down|search}.log[.gz|.tar.gz]")
TRUNCATED = (
    "the archive cannot be read to its end: "
    "Compressed file ended before the end-of-stream marker was reached"
)
CUT = "probably a cut upload: a whole number of MiB, and the last line has no end"

EXPECTED = {
    "20170401_1_down.log": DUPLICATE,
    "20170401_1_down.log.tar.gz": ACCEPTED,
    "20170401_2_down.log": SUPERSEDED,
    "20170401_2_down.log.gz": ACCEPTED,
    "20170401_3_down.log": DUPLICATE,
    "20170401_3_down.log.gz": SUPERSEDED,
    "20170401_3_down.log.tar.gz": ACCEPTED,
    "20170401_4_down.log": ACCEPTED,
    "20170401_4_down.log.gz": ("unreadable", TRUNCATED),
    "20170401_5_down.log.tar.gz": ("unreadable", TRUNCATED),
    "20170402_1_down.log": ACCEPTED,
    "20170403_1_down.log.gz": ("accepted", "same content as 20170402_1_down.log"),
    "20170402_2_down.log": ACCEPTED,
    "20170403_2_down.log": ACCEPTED,
    "20170404_1_down.log": ("accepted", CUT),
    "20170404_2_down.log.gz": ACCEPTED,
    "20170404_3_down.log": ACCEPTED,
    "20170404_it's_down.log": ACCEPTED,
    "20170404_*_down.log": ACCEPTED,
    "20170404_[3]_down.log": ACCEPTED,
    "20170404_%33_down.log": ACCEPTED,
    "20170404_{{ this }}_down.log": ACCEPTED,
    "down.log": BAD_NAME,
    "20170431_1_down.log": BAD_NAME,
    "notes.txt": BAD_NAME,
    r"\xb8\xe8_down.log": ("ignored", "the name is not UTF-8 text"),
    "20170405_1_down.log": ("ignored", "not a file"),
}


def test_every_file_has_a_status_and_a_reason(warehouse: Warehouse) -> None:
    found = {
        file_name: (status, remark)
        for file_name, status, remark in warehouse.rows(
            "select file_name, status, remark from reports.rpt_deliveries"
        )
    }

    assert found == EXPECTED


def test_only_the_file_that_speaks_for_its_delivery_is_staged(warehouse: Warehouse) -> None:
    """Each file has a user of its own, whose records are as many as the file has lines."""
    records = dict(
        warehouse.rows(
            "select user_id, count(*) from staging.stg_player_logs__downloads group by user_id"
        )
    )

    cut_records = MEBIBYTE // len(downloads(70, 1))
    assert records == {
        1: 3, 21: 4, 31: 2, 40: 3, 60: 14, 70: cut_records,
        80: 1, 81: 1, 82: 1, 83: 1, 84: 1, 85: 1, 86: 1,
    }  # fmt: skip


def test_lines_of_files_that_do_not_speak_are_set_aside_and_counted(warehouse: Warehouse) -> None:
    set_aside = dict(
        warehouse.rows(
            "select file_name, set_aside_lines from reports.rpt_deliveries"
            " where set_aside_lines > 0 and accepted_lines + repaired_lines + rejected_lines = 0"
        )
    )

    assert set_aside == {
        "20170401_1_down.log": 3,
        "20170401_2_down.log": 3,
        "20170401_3_down.log": 2,
        "20170401_3_down.log.gz": 5,
    }


def test_the_line_at_which_an_upload_was_cut_is_rejected_and_no_other(warehouse: Warehouse) -> None:
    complete_lines = MEBIBYTE // len(downloads(70, 1))

    assert set(
        warehouse.rows(
            "select file_name, line_number, rejection_reason from reports.rpt_rejected_lines"
        )
    ) == {
        ("20170404_1_down.log", complete_lines + 1, "too_few_fields"),
        ("20170404_%33_down.log", 1, "empty_line"),
    }


def test_packing_is_reported_as_the_bytes_tell_it(warehouse: Warehouse) -> None:
    containers = dict(
        warehouse.rows(
            "select file_name, container from reports.rpt_deliveries"
            " where file_name like '20170404_%' or file_name like '20170401_1_%'"
        )
    )

    assert containers["20170401_1_down.log"] == "gzip+tar"
    assert containers["20170404_2_down.log.gz"] == "plain"
    assert containers["20170404_3_down.log"] == "gzip"
