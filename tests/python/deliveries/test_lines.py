"""What becomes of each line: accepted, repaired without a guess, or rejected with a reason.

Every case is a delivery of its own, so that no line has neighbours that the case does not name.
All are built at once; what is expected of each is worked out by hand.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from conftest import Warehouse, build

from .lines import download, play, search

EVENTS = {"down": "downloads", "play": "plays", "search": "searches"}
COLUMNS = {
    "down": "user_id, is_android, song_id, song_name, singer, is_paid",
    "play": (
        "user_id, is_android, song_id, song_name, singer, play_seconds, song_seconds, is_paid"
    ),
    "search": "user_id, is_android, searched_at, search_query, is_query_decoded",
}

Record = tuple[object, ...]
DOWNLOADED = (1, True, 11, "song", "singer", False)
PLAYED = (1, True, 11, "song", "singer", 100.0, 200.0, False)
SEARCHED_AT = datetime(2017, 3, 30, 0, 0, 8)


@dataclass(frozen=True)
class Case:
    """A delivery and what is expected of it, by line number."""

    name: str
    event: str
    content: bytes
    records: dict[int, Record] = field(default_factory=dict)
    rejected: dict[int, str] = field(default_factory=dict)
    repaired: int = 0

    @property
    def file_name(self) -> str:
        """Name of the delivery: the case is its part."""
        return f"20170330_{self.name}_{self.event}.log"


def text(*lines: str) -> bytes:
    """Content of these lines."""
    return "".join(f"{line}\n" for line in lines).encode()


def downloaded(**changes: object) -> Record:
    """The usual download, with changes."""
    names = ["user_id", "is_android", "song_id", "song_name", "singer", "is_paid"]
    return tuple((dict(zip(names, DOWNLOADED, strict=True)) | changes).values())


def played(**changes: object) -> Record:
    """The usual play, with changes."""
    names = [name.strip() for name in COLUMNS["play"].split(",")]
    return tuple((dict(zip(names, PLAYED, strict=True)) | changes).values())


STRAY_FIELDS = [
    Case("leading tab", "down", text("\t" + download()), {1: DOWNLOADED}, repaired=1),
    Case("leading tabs", "down", text("\t\t\t" + download()), {1: DOWNLOADED}, repaired=1),
    Case(
        "leading tab before a blank field",
        "down",
        text("\t" + download(singer="")),
        {1: downloaded(singer=None)},
        repaired=1,
    ),
    Case(
        "five empty fields in the middle",
        "play",
        text("1\tar\t11\t0\tsong\tsinger\t0\t365\t\t\t\t\t\t0"),
        {1: played(play_seconds=0.0, song_seconds=365.0)},
        repaired=1,
    ),
    Case("empty fields at the end", "down", text(download() + "\t\t"), {1: DOWNLOADED}, repaired=1),
    Case(
        "empty fields at both ends", "down", text(f"\t{download()}\t"), {1: DOWNLOADED}, repaired=1
    ),
    # which of the empty fields are stray, and which is the singer's?
    Case(
        "five empty fields and a blank singer",
        "play",
        text("1\tar\t11\t0\tsong\t\t0\t365\t\t\t\t\t\t0"),
        rejected={1: "too_many_fields"},
    ),
    Case(
        "surplus field that is not empty",
        "down",
        text(download() + "\t0"),
        rejected={1: "too_many_fields"},
    ),
    # without the empty fields the rest has the right number, but a singer where a number should be
    Case(
        "empty fields among unknown forms",
        "play",
        text("1\tar\t11\t0\tsong\tsinger\tfeaturing\t100\t\t0"),
        rejected={1: "too_many_fields"},
    ),
    Case(
        "stray tab before a bad uid",
        "down",
        text("\t" + download("x")),
        rejected={1: "uid_invalid"},
    ),
]

BROKEN_RECORDS = [
    Case(
        "newline at the end of the name",
        "down",
        text("1\tar\t11\tsong", "\tsinger\t0"),
        {1: DOWNLOADED},
        repaired=2,
    ),
    Case(
        "newline inside the name",
        "down",
        text("1\tar\t11\tso", "ng\tsinger\t0"),
        {1: downloaded(song_name="so ng")},
        repaired=2,
    ),
    Case(
        "newline at the start of the name",
        "down",
        text("1\tar\t11\t", "song\tsinger\t0"),
        {1: downloaded(song_name=" song")},
        repaired=2,
    ),
    Case(
        "newline inside the singer of a play",
        "play",
        text("1\tar\t11\t0\tsong\tsin", "ger\t100\t200\t0"),
        {1: played(singer="sin ger")},
        repaired=2,
    ),
    Case(
        "newline inside a query",
        "search",
        text("1\tar\t2017-03-30 00:00:08", "\tsong"),
        {1: (1, True, SEARCHED_AT, "song", True)},
        repaired=2,
    ),
    Case(
        "newline in the name and a leading tab",
        "down",
        text("\t1\tar\t11\tsong", "\tsinger\t0"),
        {1: DOWNLOADED},
        repaired=2,
    ),
    Case(
        "newline between good lines",
        "down",
        text(download(7), "1\tar\t11\tsong", "\tsinger\t0", download(8)),
        {1: downloaded(user_id=7), 2: DOWNLOADED, 4: downloaded(user_id=8)},
        repaired=2,
    ),
    Case(
        "newline in each of two neighbours",
        "down",
        text("1\tar\t11\tsong", "\tsinger\t0", "2\tar\t11\tso", "ng\tsinger\t0"),
        {1: DOWNLOADED, 3: downloaded(user_id=2, song_name="so ng")},
        repaired=4,
    ),
    # a record may end where the next begins: 1 ar 11 [song 7] [ar] 1, or 7 ar 1 [name] [singer] 0?
    Case(
        "two readings of three lines",
        "down",
        text("1\tar\t11\tsong", "7\tar\t1", "\tname\tsinger\t0"),
        rejected=dict.fromkeys([1, 2, 3], "ambiguous_join"),
    ),
    Case(
        "record in three pieces",
        "down",
        text("1\tar\t11\tso", "n", "g\tsinger\t0"),
        rejected=dict.fromkeys([1, 2, 3], "too_few_fields"),
    ),
    Case(
        "halves with a blank line between them",
        "down",
        text("1\tar\t11\tsong", "", "\tsinger\t0"),
        rejected={1: "too_few_fields", 2: "empty_line", 3: "too_few_fields"},
    ),
    Case(
        "halves with a good line between them",
        "down",
        text("1\tar\t11\tsong", download(), "\tsinger\t0"),
        {2: DOWNLOADED},
        rejected={1: "too_few_fields", 3: "too_few_fields"},
    ),
    # a song_id that is none shows that these are not two halves of one record
    Case(
        "halves that do not fit",
        "down",
        text("1\tar\tsong", "\tname\tsinger\t0"),
        rejected=dict.fromkeys([1, 2], "too_few_fields"),
    ),
    # a number broken in two would have to be put together by a guess
    Case(
        "newline inside a number",
        "play",
        text("1\tar\t11\t0\tsong\tsinger\t10", "0\t200\t0"),
        rejected=dict.fromkeys([1, 2], "too_few_fields"),
    ),
    Case(
        "half a record at the end of the file",
        "down",
        text(download()) + b"1\tar\t11\tsong",
        {1: DOWNLOADED},
        rejected={2: "too_few_fields"},
    ),
    Case(
        "second half at the start of the file",
        "down",
        text("\tsinger\t0", download()),
        {2: DOWNLOADED},
        rejected={1: "too_few_fields"},
    ),
]

NOTHING_AND_NO_TEXT = [
    Case("blank line", "down", text(download(), "", download()), {1: DOWNLOADED, 3: DOWNLOADED},
         rejected={2: "empty_line"}),
    Case("line of few tabs", "down", text("\t\t"), rejected={1: "empty_line"}),
    Case("line of many tabs", "down", text("\t" * 9), rejected={1: "empty_line"}),
    # as many fields as a record has, all of them empty: a record without a user
    Case("line of empty fields", "down", text("\t" * 5), rejected={1: "uid_invalid"}),
    Case("no newline at the end", "down", text(download()).rstrip(), {1: DOWNLOADED}),
    Case("carriage returns", "down", text(download()).replace(b"\n", b"\r\n"), {1: DOWNLOADED}),
    Case("byte-order mark", "down", "\ufeff".encode() + text(download()), {1: DOWNLOADED}),
    Case("quotes", "down", text(download(song_name="\"so'ng\\"), download(song_name='"')),
         {1: downloaded(song_name="\"so'ng\\"), 2: downloaded(song_name='"')}),
    Case("separators of other systems", "down", text(download(song_name="a\u2028b\x0bc,d;e")),
         {1: downloaded(song_name="a\u2028b\x0bc,d;e")}),
    # the record is known, only a character of its name is not
    Case("NUL in a name", "down", text(download(song_name="so\0ng")),
         {1: downloaded(song_name="so\ufffdng")}, repaired=1),
    Case("carriage return in a name", "down", text(download(song_name="so\rng")),
         {1: downloaded(song_name="so\ufffdng")}, repaired=1),
    Case("half a character", "down", text(download(song_name="歌")).replace(b"\x8c", b""),
         {1: downloaded(song_name="\ufffd")}, repaired=1),
    Case("NUL in a uid", "down", text(download("1\0")), rejected={1: "uid_invalid"}),
    Case("overlong line", "down", text(download(), "x" * 2_000_000, download()),
         {1: DOWNLOADED, 3: DOWNLOADED}, rejected={2: "line_too_long"}),
    Case("overlong record", "down", text(download(song_name="x" * 2_000_000)),
         rejected={1: "line_too_long"}),
]  # fmt: skip

GOOD_UIDS = {"zero": 0, "largest": 9223372036854775807}
BAD_UIDS = {
    "blank": "", "negative": "-1", "fraction": "12.7", "whole fraction": "12.0",
    "leading zeros": "007", "too large": "9223372036854775808", "space": " 5", "plus": "+5",
    "exponent": "1e3", "word": "abc", "full-width digit": "\uff15", "hexadecimal": "0x1f",
}  # fmt: skip
UIDS = [
    Case(f"uid {name}", "down", text(download(uid)), {1: downloaded(user_id=uid)})
    for name, uid in GOOD_UIDS.items()
] + [
    Case(f"uid {name}", "down", text(download(uid)), rejected={1: "uid_invalid"})
    for name, uid in BAD_UIDS.items()
]

# What is no measurement is null; what is one, though absurd, is left for the cleaning to judge.
NUMBERS = {
    "12.5": 12.5, "0": 0.0, "-5": -5.0, "349600": 349600.0, "1e15": 1e15, "": None, "nan": None,
    "NaN": None, "inf": None, "-inf": None, "Infinity": None, "1e300": None, "1e400": None,
    "7>(1.2.3.4)TM": None, "abc": None,
}  # fmt: skip
SONG_IDS = {
    "18000000000000000000": None, "1.8e19": None, "12.0": None, "": None, "abc": None,
    "0": 0, "-1": -1, "9223372036854775807": 9223372036854775807,
}  # fmt: skip
DEVICES = {"ar": True, "ip": False, "xx": None, "AR": None, "": None, "iPhone 7": None}
SONG_TYPES = ["2", "", "x", "1.7", "99999999999"]  # not staged, and no reason to reject a play
PAID_FLAGS = {"1": True, "0": False, "2": None, "yes": None, "": None}
QUERIES = {
    "%E9%9F%A9+%E7%BA%A2": ("韩 红", True), "a+b": ("a b", True), "%2B": ("+", True),
    "%e9%9f%a9": ("韩", True), "韩": ("韩", True), "": (None, True),
    # cut in the middle of a character
    "%E9%9F%A9%E7": ("%E9%9F%A9%E7", False), "%E9": ("%E9", False), "x+%E9": ("x+%E9", False),
}  # fmt: skip
TIMES = {
    "2017-03-30 23:59:59": datetime(2017, 3, 30, 23, 59, 59), "2017-03-30 24:61:00": None,
    "0000-00-00 00:00:00": None, "yesterday": None, "": None, "infinity": None, "epoch": None,
}  # fmt: skip

FIELDS = [
    Case("play times", "play", text(*(play(play_time=value) for value in NUMBERS)),
         {n: played(play_seconds=v) for n, v in enumerate(NUMBERS.values(), 1)}),
    Case("song lengths", "play", text(*(play(song_length=value) for value in NUMBERS)),
         {n: played(song_seconds=v) for n, v in enumerate(NUMBERS.values(), 1)}),
    Case("song ids", "play", text(*(play(song_id=value) for value in SONG_IDS)),
         {n: played(song_id=v) for n, v in enumerate(SONG_IDS.values(), 1)}),
    Case("song ids of downloads", "down", text(*(download(song_id=value) for value in SONG_IDS)),
         {n: downloaded(song_id=v) for n, v in enumerate(SONG_IDS.values(), 1)}),
    Case("devices", "play", text(*(play(device=value) for value in DEVICES)),
         {n: played(is_android=v) for n, v in enumerate(DEVICES.values(), 1)}),
    Case("song types", "play", text(*(play(song_type=value) for value in SONG_TYPES)),
         {n: PLAYED for n, _ in enumerate(SONG_TYPES, 1)}),
    Case("paid flags", "play", text(*(play(paid_flag=value) for value in PAID_FLAGS)),
         {n: played(is_paid=v) for n, v in enumerate(PAID_FLAGS.values(), 1)}),
    Case("queries", "search", text(*(search(search_query=value) for value in QUERIES)),
         {n: (1, True, SEARCHED_AT, *v) for n, v in enumerate(QUERIES.values(), 1)}),
    Case("times", "search", text(*(search(time_stamp=value) for value in TIMES)),
         {n: (1, True, v, "song", True) for n, v in enumerate(TIMES.values(), 1)}),
]  # fmt: skip

CASES = [*STRAY_FIELDS, *BROKEN_RECORDS, *NOTHING_AND_NO_TEXT, *UIDS, *FIELDS]


def noise(event: str, record: Callable[[object], str], lines: int) -> bytes:
    """Whole, broken, stretched and senseless records in any order, each with a user of its own."""
    dice = random.Random(event)
    content = []
    for uid in range(1, lines + 1):
        whole = record(uid)
        place = dice.randrange(len(whole))
        damages = [whole, f"\t{whole}", whole[:place], whole[place:], f"{whole}\t\t", f"{whole}\tx"]
        broken = f"{whole[:place]}\n{whole[place:]}"
        content.append(dice.choice([*damages, whole, whole, broken, broken, "", "\t", record("")]))
    return text(*content).replace(b"so", b"\xe6\xad", 3)


# What becomes of such lines is not worked out, but it has to become something of each of them.
NOISE = {
    "20170331_play.log": noise("play", play, 500),
    "20170331_down.log": noise("down", download, 500),
    "20170331_search.log": noise("search", search, 500),
}
CONTENTS = {case.file_name: case.content for case in CASES} | NOISE


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """All cases in one folder, as far as the report of what became of the lines."""
    raw_logs = tmp_path_factory.mktemp("raw_logs")
    for file_name, content in CONTENTS.items():
        (raw_logs / file_name).write_bytes(content)
    return build(
        raw_logs,
        tmp_path_factory.mktemp("warehouse"),
        "--select",
        "+rpt_deliveries +rpt_rejected_lines",
    )


@pytest.fixture(scope="module")
def records(warehouse: Warehouse) -> dict[tuple[str, int], Record]:
    """Staged records by file and line."""
    return {
        (file_name, line_number): tuple(record)
        for event, table in EVENTS.items()
        for file_name, line_number, *record in warehouse.rows(
            f"""
            select file_name, line_number, {COLUMNS[event]}
            from staging.stg_player_logs__{table}
            inner join staging.stg_player_logs__deliveries using (delivery_id)
            """
        )
    }


@pytest.fixture(scope="module")
def rejected(warehouse: Warehouse) -> dict[tuple[str, int], tuple[str, str]]:
    """Reason and text of rejected lines by file and line."""
    return {
        (file_name, line_number): (reason, line_text)
        for file_name, line_number, reason, line_text in warehouse.rows(
            "select file_name, line_number, rejection_reason, line_text"
            " from reports.rpt_rejected_lines"
        )
    }


def physical_lines(content: bytes) -> list[str]:
    """Lines of a file as a person sees them in an editor that shows no-text as U+FFFD."""
    lines = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").split("\n")
    lines = [line.replace("\0", "\ufffd").replace("\r", "\ufffd") for line in lines]
    return lines if lines[-1] else lines[:-1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_records_are_staged_as_worked_out_by_hand(
    case: Case, records: dict[tuple[str, int], Record]
) -> None:
    staged = {line: record for (name, line), record in records.items() if name == case.file_name}

    assert staged == case.records


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_lines_are_rejected_for_the_reason_worked_out_by_hand(
    case: Case, rejected: dict[tuple[str, int], tuple[str, str]]
) -> None:
    reasons = {line: row[0] for (name, line), row in rejected.items() if name == case.file_name}

    assert reasons == case.rejected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_report_of_deliveries_counts_every_line(case: Case, warehouse: Warehouse) -> None:
    (counted,) = warehouse.rows(
        "select status, lines, accepted_lines, repaired_lines, rejected_lines, records"
        f" from reports.rpt_deliveries where file_name = '{case.file_name}'"
    )

    lines = len(physical_lines(case.content))
    accepted = lines - case.repaired - len(case.rejected)
    assert counted == (
        "accepted", lines, accepted, case.repaired, len(case.rejected), len(case.records),
    )  # fmt: skip


def test_every_line_is_in_one_record_or_one_rejected_row(
    warehouse: Warehouse,
    records: dict[tuple[str, int], Record],
    rejected: dict[tuple[str, int], tuple[str, str]],
) -> None:
    second_halves = warehouse.rows(
        """
        select file_name, line_number
        from staging.stg_player_logs__irregular_lines
        inner join staging.stg_player_logs__deliveries using (delivery_id)
        where rejection_reason is null and record_text is null
        """
    )
    parts = [*records, *rejected, *second_halves]

    assert sorted(parts) == sorted(
        (file_name, line)
        for file_name, content in CONTENTS.items()
        for line in range(1, len(physical_lines(content)) + 1)
    )


def test_a_rejected_row_quotes_the_line_it_points_to(
    rejected: dict[tuple[str, int], tuple[str, str]],
) -> None:
    lines_of = {name: physical_lines(content) for name, content in CONTENTS.items()}

    assert {place: quoted for place, (_, quoted) in rejected.items()} == {
        (name, line): lines_of[name][line - 1][: 1000 if reason == "line_too_long" else None]
        for (name, line), (reason, _) in rejected.items()
    }


def test_a_record_is_that_of_the_line_it_points_to(
    records: dict[tuple[str, int], Record],
) -> None:
    """Of the first line, if it is one that was broken in two."""
    lines_of = {name: physical_lines(content) for name, content in CONTENTS.items()}

    uids = {place: str(record[0]) for place, record in records.items() if place[0] in NOISE}

    assert len(uids) > 500
    assert uids == {
        (name, line): lines_of[name][line - 1].lstrip("\t").split("\t")[0] for name, line in uids
    }
