"""Every kind of dirt occurs, where it should and not where it must not."""

import gzip
import re
import tarfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from music_box.sample_logs.calendar import MISSING_FILES, Calendar
from music_box.sample_logs.deliveries import odd_days, spoilt_days
from music_box.sample_logs.generate import MARKER, NOTICE, generate
from music_box.sample_logs.lines import (
    Accounts,
    as_bytes,
    device_choice,
    null_lines,
    uid_texts,
)
from music_box.sample_logs.parameters import UserParameters
from music_box.sample_logs.users import simulate_users

from .conftest import FIRST_DATE, LAST_DATE, request_for

NAME = re.compile(r"(\d{8})_([123])_(play|down|search)\.log(\.gz|\.tar\.gz)?")
START = date(2017, 3, 30)
EVENTS = ("play", "down", "search")


def path_of(folder: Path, day: date, part: int, event: str, suffix: str = "") -> Path:
    """Path of a delivery."""
    return folder / f"{day:%Y%m%d}_{part}_{event}.log{suffix}"


def unpacked(path: Path) -> bytes:
    """Content of a compressed file."""
    return gzip.decompress(path.read_bytes())


def day_of(offset: int) -> date:
    """A day of the history."""
    return FIRST_DATE + timedelta(days=offset)


@pytest.fixture(scope="module")
def text(larger_logs: Path) -> dict[str, bytes]:
    """All plain files of each event, joined."""
    return {
        event: b"\n".join(
            path.read_bytes()
            for path in sorted(larger_logs.glob(f"2017*_{event}.log"))
            if path.read_bytes()[:2] != b"\x1f\x8b"
        )
        for event in EVENTS
    }


@pytest.mark.parametrize(
    ("event", "pattern"),
    [
        pytest.param("play", rb"\n\n", id="empty line"),
        pytest.param("play", rb"\n\t\d+\ta", id="leading tab"),
        pytest.param("play", rb"\t\d\t\t\t\t\t\n", id="five extra empty fields"),
        pytest.param("play", rb"\n\d+\t(ar|ip)\t\d+\t\d\t[^\t\n]+\n", id="broken play"),
        pytest.param("down", rb"\n\d+\t(ar|ip)\t\d+\t[^\t\n]+\n[^\t\n]*\t", id="broken download"),
        pytest.param("play", rb"\t\d+>\(\d+\.\d+\.\d+\.\d+\)TM\t", id="address in play time"),
        pytest.param("play", rb"\tnan\t\d", id="play time nan"),
        pytest.param("play", rb"\t-\d+\t\d+\t\d\n", id="negative play time"),
        pytest.param("play", rb"\t349600\t", id="349,600 s"),
        pytest.param("play", rb"\t230000000000\t", id="absurd play time"),
        pytest.param("play", rb"\t(ar|ip)\t0\t1\t", id="local file"),
        pytest.param("play", rb"\t(ar|ip)\t-1\t", id="song id -1"),
        pytest.param("play", rb"\t(ar|ip)\t1[0-8]\d{18}\t", id="song id beyond 2^63"),
        pytest.param("play", rb"\t0\t[01]\n", id="song length 0"),
        pytest.param("play", rb"\t-1\t[01]\n", id="song length -1"),
        pytest.param("play", rb"\t-2147483648\t[01]\n", id="smallest song length"),
        pytest.param("play", rb"\t[01]\t[^\t\n]+\t[^\t\n]+\t\d+\t\d+\t1\n", id="paid"),
        pytest.param("play", rb"\n0\tar\t", id="uid 0"),
        pytest.param("play", rb"\n\tar\t\d+\t\d\t", id="blank uid"),
        pytest.param("play", rb"\xff\xfe", id="invalid UTF-8"),
        pytest.param("play", rb"\xe9\x9f\t", id="character cut in the middle"),
        pytest.param("play", rb"\x00", id="NUL"),
        pytest.param("play", rb"\r[^\n]", id="lone CR"),
        pytest.param("search", rb"\r\n", id="CRLF"),
        pytest.param("search", rb"%E9%9F\n", id="query cut in the middle"),
        pytest.param("search", rb"\+", id="space as plus"),
        pytest.param("search", rb"%20", id="space as %20"),
    ],
)
def test_dirt_of_lines_occurs(text: dict[str, bytes], event: str, pattern: bytes) -> None:
    assert re.search(pattern, text[event])


def test_ordinary_lines_are_whole(text: dict[str, bytes]) -> None:
    for event, fields in (("play", 9), ("down", 6), ("search", 4)):
        rows = text[event].split(b"\n")
        whole = sum(row.count(b"\t") + 1 == fields for row in rows)
        assert whole > 0.98 * len(rows)


def test_search_times_lie_on_the_day_of_the_file(larger_logs: Path) -> None:
    path = path_of(larger_logs, date(2017, 4, 20), 1, "search")
    rows = path.read_text().splitlines()
    times = [datetime.fromisoformat(row.split("\t")[2]) for row in rows]
    assert {time.date() for time in times} == {date(2017, 4, 20)}
    assert len({time.hour for time in times}) > 5


def test_dates_lie_in_the_range(larger_logs: Path) -> None:
    names = [path.name for path in larger_logs.iterdir()]
    matches = [NAME.fullmatch(name) for name in names]
    days = {match[1] for match in matches if match}
    assert min(days) == f"{FIRST_DATE:%Y%m%d}"
    assert max(days) == f"{LAST_DATE:%Y%m%d}"
    others = {name for name, match in zip(names, matches, strict=True) if not match}
    assert others == {MARKER, NOTICE, "play_backup.log", "upload_notes.txt"}


def test_label_days_are_complete(larger_logs: Path) -> None:
    for before in range(14):
        for part in (1, 2, 3):
            for event in EVENTS:
                path = path_of(larger_logs, LAST_DATE - timedelta(days=before), part, event)
                found = list(larger_logs.glob(path.name + "*"))
                assert len(found) == 1
                assert found[0].stat().st_size > 0


def missing_files(folder: Path) -> set[tuple[date, int, str]]:
    """Days, parts and events of the study's days of which no file is there."""
    return {
        (day, part, event)
        for day in (START + timedelta(days=offset) for offset in range(44))
        for part in (1, 2, 3)
        for event in EVENTS
        if not list(folder.glob(path_of(folder, day, part, event).name + "*"))
    }


def test_the_cohort_lacks_the_play_files_that_the_study_lacks(cohort_logs: Path) -> None:
    assert missing_files(cohort_logs) == {(*file, "play") for file in MISSING_FILES}


def test_a_service_lacks_download_files_instead(larger_logs: Path) -> None:
    assert missing_files(larger_logs) == {(*file, "down") for file in MISSING_FILES}


def test_nothing_is_spoilt_beside_a_missing_file(tmp_path: Path) -> None:
    """History reaches over the days whose files are missing."""
    last = date(2017, 7, 1)
    generate(tmp_path / "logs", request_for(100, first_date=date(2017, 3, 24), last_date=last))
    assert missing_files(tmp_path / "logs") >= {(*file, "down") for file in MISSING_FILES}


def test_archives_hold_their_delivery(larger_logs: Path) -> None:
    packed = [path for path in larger_logs.glob("*.log.gz") if b"\t" in unpacked(path)]
    assert len(packed) > 5
    days = spoilt_days(Calendar(FIRST_DATE, LAST_DATE))
    assert days
    lost = path_of(larger_logs, day_of(days[1]), 2, "search", ".tar.gz")
    archives = set(larger_logs.glob("*.tar.gz")) - {lost}
    for path in sorted(archives):
        with tarfile.open(path) as archive:
            assert [f"{member.name}.tar.gz" for member in archive.getmembers()] == [path.name]
    assert len(archives) > 5


def test_history_is_spoilt(larger_logs: Path) -> None:
    days = spoilt_days(Calendar(FIRST_DATE, LAST_DATE))
    assert days
    cut_day, unreadable, plays_only, repeated_day, two_contents = map(day_of, days)
    cut = path_of(larger_logs, cut_day, 1, "play")
    assert cut.stat().st_size % 1_024 == 0
    assert not cut.read_bytes().endswith(b"\n")
    with (
        pytest.raises(EOFError),
        gzip.open(path_of(larger_logs, unreadable, 2, "search", ".tar.gz")) as archive,
    ):
        archive.read()
    assert {path.name[11:15] for path in larger_logs.glob(f"{plays_only:%Y%m%d}*")} == {"play"}
    repeated = path_of(larger_logs, repeated_day, 3, "play").read_bytes()
    assert (
        path_of(larger_logs, repeated_day + timedelta(days=1), 3, "play").read_bytes() == repeated
    )
    newer = path_of(larger_logs, two_contents, 1, "play")
    older = path_of(larger_logs, two_contents, 1, "play", ".gz")
    assert newer.read_bytes() != unpacked(older)
    assert newer.stat().st_mtime > older.stat().st_mtime


def test_calibrated_days_are_delivered_oddly(larger_logs: Path) -> None:
    days = [day_of(day) for day in odd_days(Calendar(FIRST_DATE, LAST_DATE))]
    plain = path_of(larger_logs, days[2], 2, "play")
    archive = plain.with_name(plain.name + ".tar.gz")
    assert plain.read_bytes() == archive.read_bytes()
    twice = path_of(larger_logs, days[3], 1, "down")
    assert unpacked(twice.with_name(twice.name + ".gz")) == twice.read_bytes()
    windows = path_of(larger_logs, days[4], 3, "search").read_bytes()
    assert windows.count(b"\n") == windows.count(b"\r\n")
    marked = path_of(larger_logs, days[5], 3, "play")
    assert marked.read_bytes().startswith(b"\xef\xbb\xbf")


def test_nothing_is_destroyed_without_history(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    generate(logs, request_for(150, first_date=START))
    for path in logs.glob("*.gz"):
        with gzip.open(path) as archive:
            archive.read()
    for offset in range(44):
        for event in EVENTS[1:]:
            for part in (1, 2, 3):
                path = path_of(logs, START + timedelta(days=offset), part, event)
                assert list(logs.glob(path.name + "*"))


def test_rare_users_have_two_devices_or_rows_without_fields() -> None:
    parameters = replace(UserParameters(), two_device_share=0.5, null_row_share=0.5)
    calendar = Calendar(FIRST_DATE, LAST_DATE)
    rng = np.random.default_rng(1)
    population = simulate_users(200, calendar, parameters, rng)
    assert 50 < population.has_two_devices.sum() < 150
    nowhere = np.zeros(200, dtype=bool)
    accounts = Accounts(
        uid_texts(0, population.part, rng),
        population.part,
        nowhere,
        population.has_two_devices,
        nowhere,
    )
    everybody = np.repeat(np.arange(200), 20)
    devices = device_choice(accounts, everybody, rng).reshape(200, 20)
    both = devices.any(axis=1) & ~devices.all(axis=1)
    assert np.array_equal(both, population.has_two_devices)
    rows = as_bytes(null_lines(population.null_rows, accounts).bytes).split(b"\n")
    assert len(rows) - 1 == population.null_rows.sum() > 1_000
    assert {row.count(b"\t") for row in rows[:-1]} == {8}
    assert {row.strip(b"\t") for row in rows[:-1]} <= set(accounts.uid)
