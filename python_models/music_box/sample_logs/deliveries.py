"""Days and parts as files, with the dirt that whole files carry.

While users are simulated, lines are appended to plain files. ``finish`` then turns some of these
into archives and spoils a few as real uploads are spoilt. What destroys records happens only in
history, the days before the calibrated ones; what costs no record, or a handful, happens later.
"""

import gzip
import os
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from music_box.sample_logs.calendar import DOWNLOAD, EVENTS, PARTS, PLAY, SEARCH, Calendar
from music_box.sample_logs.lines import Lines, as_bytes

_KIBIBYTE, _MEBIBYTE = 2**10, 2**20
_ARCHIVE_CYCLE, _GZIP_DAY, _TAR_DAY = 17, 3, 11  # days of each cycle that come as archives
_COMPRESSION = 3
_WAYS_TO_SPOIL = 5


def delivery(folder: Path, calendar: Calendar, day: int, part: int, event: str) -> Path:
    """Path of a plain delivery; ``part`` counts from 1."""
    return folder / f"{calendar.date_of(day):%Y%m%d}_{part}_{event}.log"


def append(folder: Path, calendar: Calendar, lines: Lines) -> None:
    """Append lines to their files, except those of files that were never delivered."""
    missing = calendar.is_missing(lines.event)
    borders = np.flatnonzero(np.r_[True, lines.file[1:] != lines.file[:-1], True])
    if not len(lines.file):
        return
    for begin, end in pairwise(borders):
        day, part = divmod(int(lines.file[begin]), len(PARTS))
        if missing[part, day]:
            continue
        with delivery(folder, calendar, day, part + 1, lines.event).open("ab") as file:
            file.write(as_bytes(lines.bytes[begin:end]))


def _gzip(source: Path, target: Path) -> None:
    """Compress a file; the same bytes on every run."""
    with (
        source.open("rb") as plain,
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", _COMPRESSION, raw, mtime=0) as packed,
    ):
        shutil.copyfileobj(plain, packed)


def _tar_gzip(source: Path, target: Path) -> None:
    """Pack a file into a compressed archive of one member; the same bytes on every run."""
    member = tarfile.TarInfo(source.name)
    member.size = source.stat().st_size
    with (
        source.open("rb") as plain,
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", _COMPRESSION, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        archive.addfile(member, plain)


def _with_suffix(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _unchanged(content: bytes) -> bytes:
    return content


def _rewrite(
    path: Path,
    change_head: Callable[[bytes], bytes],
    change_rest: Callable[[bytes], bytes] = _unchanged,
) -> None:
    """Change the first lines of a file, about a MiB, and the rest piece by piece."""
    changed = path.with_name(path.name + ".changed")
    with path.open("rb") as source, changed.open("wb") as target:
        head = source.read(_MEBIBYTE) + source.readline()
        target.write(change_head(head))
        while piece := source.read(_MEBIBYTE):
            target.write(change_rest(piece))
    changed.replace(path)


# --- what destroys records: history only -------------------------------------------------------


def _cut_at_whole_size(path: Path) -> None:
    """An upload that stopped at a whole MiB, or KiB if it is small: the last line is cut."""
    size = path.stat().st_size
    unit = _MEBIBYTE if size > _MEBIBYTE else _KIBIBYTE
    os.truncate(path, (size - 1) // unit * unit)


def _unreadable_archive(path: Path) -> None:
    """An archive of which the last third is lost."""
    archive = _with_suffix(path, ".tar.gz")
    _tar_gzip(path, archive)
    path.unlink()
    os.truncate(archive, archive.stat().st_size * 2 // 3)


def _two_contents(path: Path) -> None:
    """Two files of one name: an older one that ends early, and the complete one."""
    complete = path.with_name(path.name + ".complete")
    shutil.copyfile(path, complete)
    with path.open("rb+") as file:
        file.seek(path.stat().st_size // 2)
        file.readline()
        file.truncate(file.tell())
    _gzip(path, _with_suffix(path, ".gz"))
    complete.replace(path)


def spoilt_days(calendar: Calendar) -> tuple[int, int, int, int, int] | None:
    """Days of history to spoil, with plain files that day and the next; None if too few.

    In this order: a cut file, an unreadable archive, plays only, the day that the next repeats,
    two contents.
    """
    is_whole = calendar.is_whole()
    plain = [
        day
        for day in range(calendar.start - 1)
        if not (_packing(calendar, day) or _packing(calendar, day + 1))
        and is_whole[day : day + 2].all()
    ]
    if len(plain) < 2 * _WAYS_TO_SPOIL:
        return None
    cut, unreadable, plays_only, repeated, two_contents = plain[1 : 2 * _WAYS_TO_SPOIL : 2]
    return cut, unreadable, plays_only, repeated, two_contents


def spoil_history(folder: Path, calendar: Calendar) -> None:
    """Destroy some records of the days before the calibrated ones, if there are enough days."""
    days = spoilt_days(calendar)
    if not days:
        return

    def at(day: int, part: int, event: str) -> Path:
        return delivery(folder, calendar, day, part, event)

    cut, unreadable, plays_only, repeated, two_contents = days
    if at(cut, 1, PLAY).stat().st_size:
        _cut_at_whole_size(at(cut, 1, PLAY))
    _unreadable_archive(at(unreadable, 2, SEARCH))
    for part in PARTS:
        at(plays_only, part, DOWNLOAD).unlink()
        at(plays_only, part, SEARCH).unlink()
    shutil.copyfile(at(repeated, 3, PLAY), at(repeated + 1, 3, PLAY))
    _two_contents(at(two_contents, 1, PLAY))


# --- what costs no record, or a handful --------------------------------------------------------


def _archive_under_plain_name(path: Path) -> None:
    """An archive under the plain name, beside the same archive under its own."""
    archive = _with_suffix(path, ".tar.gz")
    _tar_gzip(path, archive)
    shutil.copyfile(archive, path)


def _delivered_twice(path: Path) -> None:
    """The same content, plain and compressed."""
    _gzip(path, _with_suffix(path, ".gz"))


def _windows_line_ends(content: bytes) -> bytes:
    return content.replace(b"\n", b"\r\n")


def _byte_order_mark(content: bytes) -> bytes:
    return b"\xef\xbb\xbf" + content


def _with_field(line: bytes, field: int, value: bytes) -> bytes:
    """A line with one field replaced; ``%s`` in the value stands for what was there."""
    fields = line.split(b"\t")
    fields[field] = value.replace(b"%s", fields[field])
    return b"\t".join(fields)


_STRANGE_FIELDS = (
    (4, b"%s\xe9\x9f"),  # a character cut in the middle
    (4, b"\xff\xfe%s"),  # never UTF-8
    (5, b"%s\x00"),
    (5, b"%s\r"),
    (6, b"230000000000"),
    (6, b"nan"),
    (6, b"-%s1"),
    (7, b"-2147483648"),
    (2, b"18446744073709551000"),
    (2, b"-1"),
)
_ANONYMOUS_LINES, _BLANK_LINES = 20, 2


def _strange_plays(content: bytes) -> bytes:
    """One line each with bytes that are no text or values that are absurd, and some of nobody.

    Only lines of the busiest user change, so that nobody disappears.
    """
    lines = content.split(b"\n")
    ordinary = [number for number, line in enumerate(lines) if _is_ordinary_play(line)]
    uids = Counter(lines[number].split(b"\t", 1)[0] for number in ordinary)
    if not uids:
        return content
    busiest = uids.most_common(1)[0][0] + b"\t"
    victims = [number for number in ordinary if lines[number].startswith(busiest)]
    for number, (field, value) in zip(victims, _STRANGE_FIELDS, strict=False):
        lines[number] = _with_field(lines[number], field, value)
    models = [lines[number] for number in ordinary[:_ANONYMOUS_LINES]]
    anonymous = [_with_field(line, 0, b"0") for line in models]
    blank = [_with_field(line, 0, b"") for line in models[:_BLANK_LINES]]
    return b"\n".join([*blank, *anonymous, *lines])


def _is_ordinary_play(line: bytes) -> bool:
    fields = line.split(b"\t")
    return len(fields) == 9 and fields[0].isdigit() and fields[6].isdigit()


def _cut_query(content: bytes) -> bytes:
    """A first search of nobody whose text ends within a character."""
    first = content.partition(b"\n")[0]
    return _with_field(_with_field(first, 0, b"0"), 3, b"%E9%9F") + b"\n" + content


def _others(folder: Path, sample: Path) -> None:
    """Files that are no deliveries: an undated one, and one of another kind."""
    with sample.open("rb") as file:
        (folder / "play_backup.log").write_bytes(b"".join(islice(file, 50)))
    (folder / "upload_notes.txt").write_text("Parts 1 to 3 are uploaded every night.\n")


def odd_days(calendar: Calendar) -> list[int]:
    """Calibrated days with plain files and nothing missing, after the first."""
    is_whole = calendar.is_whole()
    return [
        day
        for day in range(min(calendar.start + 1, calendar.days - 1), calendar.days)
        if not _packing(calendar, day) and is_whole[day]
    ]


def spoil_calibrated_days(folder: Path, calendar: Calendar) -> None:
    """Deliver some files twice or oddly encoded, and change a handful of lines."""
    oddities: list[tuple[int, str, Callable[[Path], None]]] = [
        (1, PLAY, lambda path: _rewrite(path, _strange_plays)),
        (2, SEARCH, lambda path: _rewrite(path, _cut_query)),
        (2, PLAY, _archive_under_plain_name),
        (1, DOWNLOAD, _delivered_twice),
        (3, SEARCH, lambda path: _rewrite(path, _windows_line_ends, _windows_line_ends)),
        (3, PLAY, lambda path: _rewrite(path, _byte_order_mark)),
    ]
    for (part, event, spoil), day in zip(oddities, odd_days(calendar), strict=False):
        path = delivery(folder, calendar, day, part, event)
        if path.stat().st_size:
            spoil(path)


def _packing(calendar: Calendar, day: int) -> Callable[[Path, Path], None] | None:
    """How the files of a day are packed, if they are."""
    in_cycle = calendar.date_of(day).toordinal() % _ARCHIVE_CYCLE
    return {_GZIP_DAY: _gzip, _TAR_DAY: _tar_gzip}.get(in_cycle)


def pack_archives(folder: Path, calendar: Calendar) -> None:
    """Replace the plain files of some days by archives."""
    for day in range(calendar.days):
        pack = _packing(calendar, day)
        if pack is None:
            continue
        for part in PARTS:
            for event in EVENTS:
                path = delivery(folder, calendar, day, part, event)
                if path.exists():
                    pack(path, _with_suffix(path, ".gz" if pack is _gzip else ".tar.gz"))
                    path.unlink()


def set_times(folder: Path, calendar: Calendar) -> None:
    """Give every file the time of an upload in the night after its day; plain files are newest.

    So it is settled which of two files with different contents is the newer one.
    """
    for path in sorted(folder.iterdir()):
        digits = path.name[:8]
        day = datetime.strptime(digits, "%Y%m%d").date() if digits.isdigit() else calendar.last
        uploaded = datetime.combine(day + timedelta(days=1), time(4), tzinfo=UTC)
        if path.suffix == ".log":
            uploaded += timedelta(hours=1)
        os.utime(path, (uploaded.timestamp(), uploaded.timestamp()))


def finish(folder: Path, calendar: Calendar) -> None:
    """Create missing files, spoil what is to be spoilt, pack what is to be packed."""
    missing = {event: calendar.is_missing(event) for event in EVENTS}
    for day in range(calendar.days):
        for part in PARTS:
            for event in EVENTS:
                if not missing[event][part - 1, day]:
                    delivery(folder, calendar, day, part, event).touch()
    _others(folder, delivery(folder, calendar, calendar.days - 1, 1, PLAY))
    spoil_history(folder, calendar)
    spoil_calibrated_days(folder, calendar)
    pack_archives(folder, calendar)
    set_times(folder, calendar)
