"""Lines and files that are written by accident or malice: none stops a build or is lost."""

from __future__ import annotations

import gzip
import io
import os
import random
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PROJECT, WITHOUT_UNIT_TESTS, Warehouse
from deliveries.lines import download, play, search
from landing.conftest import tar_of

from faults.effort import tries

SEED = 23
LINES = tries(few=5_000, many=100_000)
FILES = 60
# Of lines, of kinds that are large.
LONG_LINES = tries(few=2, many=12)
MEMORY_LIMIT_GB = 1.5
# A process inherits the peak of whoever starts it, which for these tests may be gigabytes.
MEASURE = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
MARTS = ("--select", "+rpt_deliveries +rpt_rejected_lines +user_features", *WITHOUT_UNIT_TESTS)
NUMBERS = [
    *["9" * 400, "9223372036854775808", "-1", "+7", "1e308", "-0", "1.", "1_000", "0x1f"],
    *["nan", "inf", "٣", " 7", "7 "],
]
TEXTS = [
    *['"', "'", "\\", "\\N", "null", "\u2028", "\u202e", "\ufeff", "a" * 2000, "😀" * 50],
    *["; drop table x", "{{ 1 }}", "=1+1", "%00"],
]
NAMES = [
    *["99991231_1_play.log", "00010101_1_play.log", "20171301_1_play.log", "20170230_1_play.log"],
    *["20170301_1_play.log.exe", "20170301_'_play.log", "20170301_\n_play.log", "*.log", "-rf"],
    *["{{ 1 }}_play.log", f"{'9' * 230}_play.log", "20170301_7_play.log "],
]


def random_bytes(drawn: random.Random) -> bytes:
    """Anything but the end of a line."""
    return drawn.randbytes(drawn.randrange(300)).replace(b"\n", b"")


def spoilt(drawn: random.Random) -> bytes:
    """A good line in which a byte is another, or one too many."""
    line = bytearray(good(drawn))
    wrong = drawn.choice(
        [b"\0", b"\r", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\t", b"\x1a", b"\x1f\x8b"]
    )
    place = drawn.randrange(len(line) + 1)
    line[place : place + drawn.randrange(2)] = wrong
    return bytes(line)


def good(drawn: random.Random) -> bytes:
    """A line as it should be."""
    kinds: list[Callable[[int], str]] = [play, download, search]
    return drawn.choice(kinds)(drawn.randrange(1, 50)).encode()


def odd(drawn: random.Random) -> bytes:
    """A line of the right form whose fields are no numbers, dates or names."""
    return drawn.choice(
        [
            play(drawn.choice(NUMBERS), drawn.choice(NUMBERS)),
            play(7, 7, play_time=drawn.choice(NUMBERS), song_length=drawn.choice(NUMBERS)),
            play(7, 7, song_name=drawn.choice(TEXTS), singer=drawn.choice(TEXTS)),
            download(drawn.choice(NUMBERS), drawn.choice(NUMBERS), song_name=drawn.choice(TEXTS)),
            search(
                7,
                time_stamp=drawn.choice(["0000-00-00 00:00:00", "9999-12-31 23:59:60", "soon", ""]),
            ),
            search(7, search_query=drawn.choice(TEXTS)),
        ]
    ).encode()


def empty(drawn: random.Random) -> bytes:
    """Nothing, or nothing but tabs."""
    return b"\t" * drawn.randrange(12)


KINDS = [random_bytes, spoilt, odd, empty, good]


def tar_with(name: str, content: bytes = b"") -> bytes:
    """An archive whose one file has this name."""
    return tar_of((name, content), mode="w:gz")


def link_to(target: str) -> bytes:
    """An archive of a link, and of a file that would go through it."""
    member = tarfile.TarInfo("there")
    member.type, member.linkname = tarfile.SYMTYPE, target
    return tar_of(member, ("there/passwd", good(random.Random(1)) + b"\n"))


def device() -> bytes:
    """An archive of a device."""
    member = tarfile.TarInfo("zero")
    member.type, member.devmajor, member.devminor = tarfile.CHRTYPE, 1, 5
    return tar_of(member)


def bomb() -> bytes:
    """A gigabyte and more of nothing, in a megabyte."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        for _ in range(1_200):
            file.write(b"\n" * 1_000_000)
    return packed.getvalue()


def write_files(folder: Path) -> None:
    """Hostile names and archives, each once."""
    line = good(random.Random(2)) + b"\n"
    outside = folder.parent / "outside.log"
    outside.write_bytes(line)
    archives = {
        "absolute": tar_with(str(folder.parent / "written.log"), line),
        "above": tar_with("../written.log", line),
        "link": link_to("/etc"),
        "device": device(),
        "bomb": bomb(),
        "nested": gzip.compress(gzip.compress(line)),
        "cut": tar_with("a", line * 1000)[:-40],
        "mark": b"\x1f\x8b",
    }
    for part, content in enumerate(archives.values(), start=1):
        (folder / f"20170301_{part}_play.log.tar.gz").write_bytes(content)
    for name in NAMES:
        (folder / name).write_bytes(line)
    (folder / "20170301_20_play.log").mkdir()
    (folder / "20170301_21_play.log").symlink_to(folder / "nowhere")
    (folder / "20170301_22_play.log").symlink_to(folder)
    os.mkfifo(folder / "20170301_23_play.log")


@pytest.fixture(scope="module")
def garbage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Days of lines of all kinds, some of them huge, and of hostile files."""
    drawn = random.Random(SEED)
    folder = tmp_path_factory.mktemp("garbage") / "raw_logs"
    folder.mkdir()
    for number in range(FILES):
        kind = ["play", "down", "search"][number % 3]
        ending = drawn.choice([b"\n", b"\r\n"])
        lines = [drawn.choice(KINDS)(drawn) for _ in range(LINES // FILES)]
        if number < LONG_LINES:
            lines.insert(
                drawn.randrange(len(lines)), [b"x" * 10_000_000, b"\t" * 1_000_000][number % 2]
            )
        content = ending.join(lines) + drawn.choice([ending, b""])
        name = f"201703{2 + number // 3:02}_1_{kind}.log"
        (folder / name).write_bytes(content)
    write_files(folder)
    return folder


def measured_build(raw_logs: Path, warehouse: Path) -> tuple[Warehouse, float]:
    """Build, and tell the peak of memory in gigabytes."""
    warehouse.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "RAW_LOGS": str(raw_logs),
        "MUSIC_BOX_WAREHOUSE": str(warehouse),
        "MUSIC_BOX_MEMORY": "1GB",
        "DBT_PROFILES_DIR": "profiles",
        "DBT_TARGET_PATH": str(warehouse / "target"),
        "DBT_LOG_PATH": str(warehouse / "logs"),
    }
    dbt = Path(sys.executable).with_name("dbt")
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, dbt, "--no-use-colors", "build", *MARTS],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    output, kilobytes = measured.stdout.rstrip("\n").rsplit("\n", 1)
    return Warehouse(warehouse, output, measured.returncode), int(kilobytes) / 1024**2


def physical_lines(path: Path) -> int:
    """As text editors count them."""
    content = path.read_bytes()
    return content.count(b"\n") + (content != b"" and not content.endswith(b"\n"))


def test_garbage_is_accounted_for_in_bounded_memory_and_nothing_else_is_touched(
    garbage: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    others = sorted(path.name for path in garbage.parent.iterdir())
    before = {path.name: path.lstat().st_mtime_ns for path in garbage.iterdir()}

    built, gigabytes = measured_build(garbage, tmp_path / "place" / "warehouse")

    record_property("lines", LINES)
    record_property("peak gigabytes", round(gigabytes, 2))
    assert built.return_code == 0, built.output
    assert "Traceback" not in built.output
    assert gigabytes < MEMORY_LIMIT_GB
    assert sorted(path.name for path in garbage.parent.iterdir()) == others
    assert [path.name for path in (tmp_path / "place").iterdir()] == ["warehouse"]
    assert {path.name: path.lstat().st_mtime_ns for path in garbage.iterdir()} == before
    rows = built.rows(
        "select file_name, remark, lines, accepted_lines + repaired_lines + rejected_lines"
        " + set_aside_lines from reports.rpt_deliveries"
    )
    assert len(rows) == len(before)
    assert [row for row in rows if row[2] is not None and row[2] != row[3]] == []
    found = {name: lines for name, _, lines, _ in rows}
    # bytes at random can look like lines in an encoding that nobody knows
    refused = {name for name, remark, _, _ in rows if "neither UTF-8 nor GB18030" in (remark or "")}
    plain = [f"201703{2 + number // 3:02}_1_" for number in range(FILES)]
    for path in garbage.iterdir():
        if path.name.startswith(tuple(plain)) and path.name not in refused:
            assert found[path.name] == physical_lines(path), path.name
    assert built.rows(
        "select remark from reports.rpt_deliveries where file_name = '20170301_5_play.log.tar.gz'"
    )[0][0].startswith("the archive unpacks to more than")


def test_files_that_change_while_they_are_read_are_read_when_they_are_complete(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "raw_logs"
    folder.mkdir()
    path = folder / "20170301_1_play.log"
    line = good(random.Random(3)) + b"\n"
    for day in range(2, 9):
        (folder / f"2017030{day}_1_play.log").write_bytes(line * 5)
    path.write_bytes(line * 200_000)
    is_over = threading.Event()

    def deliver() -> None:
        while not is_over.wait(0.001):
            with path.open("ab") as file:
                file.write(line)

    writer = threading.Thread(target=deliver)
    writer.start()
    restless, _ = measured_build(folder, tmp_path / "warehouse")
    is_over.set()
    writer.join()
    assert "Traceback" not in restless.output

    complete, _ = measured_build(folder, tmp_path / "warehouse")

    assert complete.return_code == 0, complete.output
    assert complete.rows(
        "select lines, accepted_lines from reports.rpt_deliveries"
        " where file_name = '20170301_1_play.log'"
    ) == [(physical_lines(path),) * 2]
