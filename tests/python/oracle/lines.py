"""From a folder of deliveries to records, and an account of every file and every line.

A file is accepted, or it is a duplicate, superseded, unreadable or ignored. A line of an
accepted file is accepted, repaired, or rejected for one reason; nothing else can happen to it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from oracle.rules import Rules

BIGINT = (-(2**63), 2**63 - 1)
INTEGER = (-(2**31), 2**31 - 1)
LARGEST_NUMBER = 1e15
# The longest play that the study kept, in seconds.
LONGEST_PLAY = 11_830
LONGEST_LINE_BYTES = 2**20
REPLACEMENT = "\ufffd"

EMPTY_LINE = "empty_line"
UID_INVALID = "uid_invalid"
TOO_FEW_FIELDS = "too_few_fields"
TOO_MANY_FIELDS = "too_many_fields"
AMBIGUOUS_JOIN = "ambiguous_join"
LINE_TOO_LONG = "line_too_long"


# --- values --------------------------------------------------------------------------------


def whole_number(text: str, limits: tuple[int, int] = BIGINT) -> int | None:
    """The number, if the text is exactly how that number is written: not `007`, `+7`, `12.0`."""
    if not re.fullmatch(r"-?[0-9]+", text):
        return None
    value = int(text) if len(text) <= 20 else None
    if value is None or str(value) != text or not limits[0] <= value <= limits[1]:
        return None
    return value


def user_number(text: str) -> int | None:
    """A uid: a whole number that is not negative."""
    value = whole_number(text)
    return value if value is not None and value >= 0 else None


def seconds(text: str) -> float | None:
    """A decimal number of at most 10^15, spaces around it aside; `nan` and `inf` are no number."""
    number = text.strip(" ")
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", number):
        return None
    value = float(number)
    return value if abs(value) <= LARGEST_NUMBER else None


def in_seconds(time: float | None, length: float | None) -> float | None:
    """A play time in seconds, also if the log has it in milliseconds."""
    if time is None or length is None or length <= 0 or time <= LONGEST_PLAY:
        return time
    return time / 1000 if time / 1000 <= 1.1 * length else time


def timestamp(text: str) -> datetime | None:
    """A moment in an ISO form with dashes and colons, its clock time as written."""
    moment = text.strip(" ")
    if not re.fullmatch(r"[0-9-]{10}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?\S*", moment):
        return None
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        return None
    # a later Python reads this as the next day
    is_midnight_of_next_day = moment[11:13] == "24"
    return None if is_midnight_of_next_day else parsed.replace(tzinfo=None, microsecond=0)


def decoded_query(text: str) -> tuple[str, bool]:
    """What was typed into the search box, and whether the encoding was sound.

    A query that was cut inside a character stays as the log has it.
    """
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8"), True
    except UnicodeDecodeError:
        return text, False


KNOWN_FORMS: dict[str, Callable[[str], bool]] = {
    "uid": lambda text: user_number(text) is not None,
    "device": lambda text: text in ("ar", "ip"),
    "song_id": lambda text: whole_number(text) is not None,
    "song_type": lambda text: whole_number(text) is not None,
    "play_time": lambda text: seconds(text) is not None,
    "song_length": lambda text: seconds(text) is not None,
    "paid_flag": lambda text: text in ("0", "1"),
    "time_stamp": lambda text: timestamp(text) is not None,
}


def have_known_forms(names: list[str], fields: list[str]) -> bool:
    """Whether fields look like what they should be; names and queries may be any text."""
    return len(fields) == len(names) and all(
        KNOWN_FORMS[name](text)
        for name, text in zip(names, fields, strict=True)
        if name in KNOWN_FORMS
    )


# --- records -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Play:
    """One play as it was logged, before any cleaning."""

    user_id: int
    day: date
    is_android: bool | None
    song_id: int | None
    song_name: str | None
    singer: str | None
    play_seconds: float | None
    song_seconds: float | None
    is_paid: bool | None
    delivered_seconds: float | None = None


@dataclass(frozen=True)
class Download:
    """One download."""

    user_id: int
    day: date
    is_android: bool | None
    song_id: int | None
    song_name: str | None
    singer: str | None
    is_paid: bool | None


@dataclass(frozen=True)
class Search:
    """One search; its time may be unreadable, its day is the delivery's."""

    user_id: int
    day: date
    is_android: bool | None
    searched_at: datetime | None
    search_query: str | None
    is_query_decoded: bool


Record = Play | Download | Search
AnyRecord = TypeVar("AnyRecord", Play, Download, Search)


def text_or_none(text: str) -> str | None:
    """An empty field says nothing."""
    return text or None


def record_of(event: str, fields: dict[str, str], day: date) -> Record:
    """The typed record of one line; its uid is known to be valid."""
    user_id = user_number(fields["uid"])
    assert user_id is not None
    is_android = {"ar": True, "ip": False}.get(fields["device"])
    if event == "search":
        text = text_or_none(fields["search_query"])
        query, is_decoded = (None, True) if text is None else decoded_query(text)
        moment = timestamp(fields["time_stamp"])
        return Search(user_id, day, is_android, moment, query, is_decoded)
    song_id = whole_number(fields["song_id"])
    song_name = text_or_none(fields["song_name"])
    singer = text_or_none(fields["singer"])
    # Without a flag nobody knows.
    is_paid = {"0": False, "1": True}.get(fields["paid_flag"])
    if event == "down":
        return Download(user_id, day, is_android, song_id, song_name, singer, is_paid)
    return Play(
        user_id,
        day,
        is_android,
        song_id,
        song_name,
        singer,
        in_seconds(seconds(fields["play_time"]), seconds(fields["song_length"])),
        seconds(fields["song_length"]),
        is_paid,
        seconds(fields["play_time"]),
    )


# --- lines of a delivery -------------------------------------------------------------------


@dataclass(frozen=True)
class RejectedLine:
    """A line that is part of no record."""

    number: int
    reason: str
    text: str


@dataclass
class LineAccount:
    """What became of every line of one delivery."""

    lines: int = 0
    accepted: int = 0
    repaired: int = 0
    records: dict[int, Record] = field(default_factory=dict)
    rejected: list[RejectedLine] = field(default_factory=list)

    @property
    def rejected_by_reason(self) -> Counter[str]:
        """Number of rejected lines per reason."""
        return Counter(line.reason for line in self.rejected)


@dataclass(frozen=True)
class Line:
    """A physical line as text, and whether bytes had to be replaced to make it text."""

    number: int
    text: str
    is_altered: bool
    is_too_long: bool

    @property
    def fields(self) -> list[str]:
        """All fields, empty ones included."""
        return self.text.split("\t")

    @property
    def fields_from_uid(self) -> list[str]:
        """The fields without the empty ones before the uid."""
        return self.text.lstrip("\t").split("\t")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but tabs."""
        return not self.text.strip("\t")

    def may_be_half(self, names: list[str]) -> bool:
        """Whether the line may be one half of a broken record: too short, but something."""
        return len(self.fields) < len(names) and not self.is_empty and not self.is_too_long


def physical_lines(content: bytes) -> list[Line]:
    """Divide a delivery at its line ends; what follows the last line end is a line if it is any."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    pieces = content.split(b"\n")
    ended, rest = pieces[:-1], pieces[-1]
    raw_lines = [piece.removesuffix(b"\r") for piece in ended] + ([rest] if rest else [])
    lines = []
    for number, raw in enumerate(raw_lines, start=1):
        as_it_is = raw.decode("utf-8", errors="replace")
        text = as_it_is.replace("\0", REPLACEMENT).replace("\r", REPLACEMENT)
        is_altered = text.encode("utf-8") != raw
        lines.append(Line(number, text, is_altered, len(raw) > LONGEST_LINE_BYTES))
    return lines


def without_guessing(line: Line, names: list[str]) -> list[str] | None:
    """The record's fields, if dropping stray empty ones is enough and leaves no choice."""
    if len(line.fields) == len(names):
        return line.fields
    if len(line.fields_from_uid) == len(names):
        return line.fields_from_uid
    if len(line.fields_from_uid) > len(names):
        filled = [text for text in line.fields if text]
        if have_known_forms(names, filled):
            return filled
    return None


def joined(first: Line, second: Line, names: list[str]) -> list[str] | None:
    """The record's fields, if two short lines are one record that was broken inside a field."""
    if not all(line.may_be_half(names) for line in (first, second)):
        return None
    start, end = first.fields_from_uid, second.fields
    glue = "" if second.text.startswith("\t") else " "
    fields = [*start[:-1], start[-1] + glue + end[0], *end[1:]]
    return fields if have_known_forms(names, fields) else None


def joins(lines: list[Line], names: list[str]) -> tuple[dict[int, list[str]], set[int]]:
    """Joined records by the number of their first line, and the numbers that join both ways."""
    pairs = {}
    for first, second in pairwise(lines):
        fields = joined(first, second, names)
        if fields is not None:
            pairs[first.number] = fields
    overlapping = {number for number in pairs if number - 1 in pairs or number + 1 in pairs}
    ambiguous = {line for number in overlapping for line in (number, number + 1)}
    return {number: pairs[number] for number in pairs if number not in overlapping}, ambiguous


def reason_against(line: Line, fields: list[str] | None, names: list[str]) -> str | None:
    """Why a line that joins with no neighbour is no record; none if it is one."""
    if line.is_too_long:
        return LINE_TOO_LONG
    if fields is not None:
        return UID_INVALID if user_number(fields[0]) is None else None
    if line.is_empty:
        return EMPTY_LINE
    return TOO_FEW_FIELDS if len(line.fields) < len(names) else TOO_MANY_FIELDS


def read_lines(content: bytes, event: str, day: date, names: list[str]) -> LineAccount:
    """Every line of one delivery: into a record, or among the rejected."""
    lines = physical_lines(content)
    account = LineAccount(lines=len(lines))
    pairs, ambiguous = joins(lines, names)
    for line in lines:
        if line.number - 1 in pairs:
            continue
        fields = pairs.get(line.number) or without_guessing(line, names)
        reason = AMBIGUOUS_JOIN if line.number in ambiguous else reason_against(line, fields, names)
        if reason is not None or fields is None:
            account.rejected.append(RejectedLine(line.number, str(reason), line.text))
            continue
        is_as_it_is = len(line.fields) == len(names) and not line.is_altered
        account.accepted += is_as_it_is
        account.repaired += 2 if line.number in pairs else not is_as_it_is
        record = record_of(event, dict(zip(names, fields, strict=True)), day)
        account.records[line.number] = record
    assert account.lines == account.accepted + account.repaired + len(account.rejected)
    return account


# --- files ---------------------------------------------------------------------------------


@dataclass
class DeliveredFile:
    """One file of the folder: what it claims to be, and what became of it."""

    name: str
    status: str
    modified: int = 0
    delivery: str | None = None
    event: str | None = None
    part: str | None = None
    day: date | None = None
    content: bytes = b""
    repeats_another_day: bool = False
    account: LineAccount = field(default_factory=LineAccount)

    @property
    def lines(self) -> int:
        """Physical lines, also of a file that is set aside."""
        return len(physical_lines(self.content))

    @property
    def sha256(self) -> str:
        """Hash of the unpacked content."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Delivered:
    """Everything that a folder holds."""

    files: list[DeliveredFile]

    def records(self, kind: type[AnyRecord]) -> list[AnyRecord]:
        """The records of one event, in no order that matters."""
        return [
            record
            for file in self.files
            for record in file.account.records.values()
            if isinstance(record, kind)
        ]


def unpacked(content: bytes) -> bytes:
    """What is inside, told by the bytes; raises an error unless it can be read to its end."""
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    if content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = [member for member in archive.getmembers() if member.isfile()]
            parts = [archive.extractfile(member) for member in members]
            if not parts:
                raise ValueError("the archive holds no file")
            return b"".join(part.read() for part in parts if part is not None)
    return content


def named_file(path: Path, pattern: str) -> DeliveredFile:
    """A file with what its name and its bytes say, before it is compared with others."""
    matched = re.match(pattern, path.name)
    try:
        digits = matched.group(1) if matched else ""
        day = datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return DeliveredFile(path.name, "ignored")
    assert matched is not None
    file = DeliveredFile(
        path.name,
        "accepted",
        modified=path.stat().st_mtime_ns,
        delivery=path.name.removesuffix(".tar.gz").removesuffix(".gz"),
        event=matched.group(3),
        part=matched.group(2) or "",
        day=day,
    )
    try:
        file.content = unpacked(path.read_bytes())
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError):
        file.status = "unreadable"
    return file


def settle_claims(files: list[DeliveredFile]) -> None:
    """Let one readable file per delivery stand: the newest content, and of equals one."""
    claims: dict[str | None, list[DeliveredFile]] = {}
    for file in files:
        if file.status == "accepted":
            claims.setdefault(file.delivery, []).append(file)
    for claimants in claims.values():
        claimants.sort(key=lambda file: (-file.modified, file.name))
        newest = claimants[0]
        for other in claimants[1:]:
            other.status = "duplicate" if other.content == newest.content else "superseded"


def flag_repeats(files: list[DeliveredFile]) -> None:
    """Flag a delivery whose content was delivered for an earlier day already."""
    for file in files:
        file.repeats_another_day = file.status == "accepted" and any(
            other.status == "accepted"
            and other.event == file.event
            and other.content == file.content
            and other.day is not None
            and file.day is not None
            and other.day < file.day
            for other in files
        )


def read_folder(folder: Path, rules: Rules) -> Delivered:
    """Read every delivery of a folder."""
    paths = [path for path in sorted(folder.iterdir()) if path.is_file()]
    files = [
        named_file(path, rules.delivery_name_pattern)
        for path in paths
        if not path.name.startswith(("_", "."))
    ]
    settle_claims(files)
    flag_repeats(files)
    for file in files:
        if file.status == "accepted":
            assert file.event is not None
            assert file.day is not None
            names = rules.log_fields[file.event]
            file.account = read_lines(file.content, file.event, file.day, names)
    return Delivered(files)
