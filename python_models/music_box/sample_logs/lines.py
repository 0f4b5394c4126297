"""Events as bytes of log lines, with the dirt that single lines carry.

A column of texts is a numpy array of fixed-width byte strings, padded with NUL. Columns are laid
side by side in one matrix of bytes, and dropping its NULs leaves the lines: no loop over events.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from music_box.sample_logs import names
from music_box.sample_logs.calendar import DOWNLOAD, PARTS, PLAY, SEARCH, Calendar
from music_box.sample_logs.catalogue import Catalogue
from music_box.sample_logs.names import PartTable, Texts
from music_box.sample_logs.parameters import DirtParameters
from music_box.sample_logs.plays import Plays, expand

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
Counts = NDArray[np.int32]  # of shape (users, days)

UIDS_PER_PART = 600_000
_UID_STEP, _UID_SHIFT = 382_967, 271_829  # the step is coprime with UIDS_PER_PART
_SMALLEST_INTEGER = -(2**31)
_LONGEST_MILLISECONDS = 349_600
_SHORTEST_MILLISECONDS = 11_831
_DIGITS = np.arange(100_000).astype("S5")
_FOUR_DIGITS = np.array([f"{number:04d}" for number in range(10_000)], dtype="S4")
_TWO_DIGITS = np.array([f"{number:02d}" for number in range(100)], dtype="S2")
_DEVICES = np.array([b"ar", b"ip"])
_FLAGS = np.array([b"0", b"1"])
_HOUR_WEIGHTS = np.array(
    [30, 16, 9, 6, 5, 8, 18, 34, 44, 46, 48, 52, 66, 60, 50, 48, 50, 56, 66, 80, 92, 94, 80, 52]
)


@dataclass(frozen=True)
class Accounts:
    """What the lines say about users themselves; arrays of shape (users,)."""

    uid: Texts
    part: Indices  # which of the three files of a day holds the user's records
    is_iphone: Flags
    has_two_devices: Flags
    is_paying: Flags


@dataclass(frozen=True)
class Lines:
    """Lines of one event, sorted by file; ``file`` counts parts within days."""

    event: str
    file: Indices  # day * parts + part, shape (lines,)
    bytes: Bytes  # shape (lines, width), NUL where there is nothing


def file_index(part: Indices, day: Indices) -> Indices:
    """Number of the file that holds a part of a day."""
    return day * len(PARTS) + part


def uid_texts(first_user: int, part: Indices, rng: np.random.Generator) -> Texts:
    """Choose uids of consecutive users, shape (users,); most have nine digits, some fewer.

    The uid says which part holds the user, and nothing else about them.
    """
    number = np.arange(first_user, first_user + len(part)) % UIDS_PER_PART
    slot = part * UIDS_PER_PART + (number * _UID_STEP + _UID_SHIFT) % UIDS_PER_PART
    kind = rng.random(len(part))
    uid = 167_000_000 + slot
    uid = np.where(kind < 0.03, 150_000_000 + slot * 9, uid)
    uid = np.where(kind < 0.02, 10_000_000 + slot * 45, uid)
    uid = np.where(kind < 0.01, 1_000_000 + slot * 5, uid)
    return uid.astype("S9")


def join_columns(columns: list[Texts]) -> Bytes:
    """Lay columns of texts side by side: shape (rows, sum of widths), padded with NUL.

    A column of a single text is the same in every row.
    """
    widths = [column.dtype.itemsize for column in columns]
    sizes = [len(column) for column in columns]
    joined = np.zeros((max(sizes) if min(sizes) else 0, sum(widths)), dtype=np.uint8)
    start = 0
    for column, width in zip(columns, widths, strict=True):
        joined[:, start : start + width] = column.view(np.uint8).reshape(-1, width)
        start += width
    return joined


def as_bytes(rows: Bytes) -> bytes:
    """Rows of a matrix without their padding."""
    flat = rows.ravel()
    return bytes(flat[flat != 0])


def _constant(text: bytes) -> Texts:
    return np.array([text], dtype=np.bytes_)


_TAB, _NEWLINE = _constant(b"\t"), _constant(b"\n")


def _decimal(values: Indices) -> Texts:
    """Integers as texts; small ones, nearly all, by look-up."""
    small = _DIGITS[np.clip(values, 0, len(_DIGITS) - 1)]
    odd = np.flatnonzero((values < 0) | (values >= len(_DIGITS)))
    if len(odd):
        small = small.astype("S12")
        small[odd] = values[odd].astype("S12")
    return small


def _sometimes(rows: int, share: float, text: bytes, rng: np.random.Generator) -> Texts:
    """A text in a random share of the rows, nothing in the others."""
    column = np.zeros(rows, dtype=f"S{len(text)}")
    column[rng.random(rows) < share] = text
    return column


def _parts(tables: tuple[PartTable, ...], rows: tuple[Indices, ...]) -> list[Texts]:
    return [table.plain[row] for table, row in zip(tables, rows, strict=True)]


def device_choice(accounts: Accounts, user: Indices, rng: np.random.Generator) -> Flags:
    """Whether each event comes from an iPhone; users of two devices take either."""
    other = accounts.has_two_devices[user] & (rng.random(len(user)) < 0.5)
    return np.asarray(accounts.is_iphone[user] ^ other)


def _dirty_seconds(plays: Plays, p: DirtParameters, rng: np.random.Generator) -> Texts:
    """play_time as text: seconds; sometimes milliseconds, an address, nan, or negative."""
    rows = len(plays.user)
    kind = rng.random(rows)
    seconds = plays.seconds.copy()
    in_milliseconds = np.flatnonzero(kind < p.play_time_in_milliseconds)
    seconds[in_milliseconds] = np.clip(
        seconds[in_milliseconds] * 1_000 + rng.integers(1_000, size=len(in_milliseconds)),
        _SHORTEST_MILLISECONDS,
        _LONGEST_MILLISECONDS,
    )
    long = np.flatnonzero(kind > 1 - p.play_time_long)
    seconds[long] = rng.integers(600, 11_801, size=len(long))
    negative = np.flatnonzero(rng.random(rows) < p.play_time_negative)
    seconds[negative] = -1 - rng.integers(300, size=len(negative))
    texts = _decimal(seconds)

    other = rng.random(rows)
    with_address = np.flatnonzero(other < p.play_time_with_address)
    if len(with_address):
        texts = texts.astype("S24")
        texts[with_address] = [
            f"{least}>({a}.{b}.{c}.{d})TM".encode()
            for least, (a, b, c, d) in zip(
                seconds[with_address] % 100,
                rng.integers(1, 255, size=(len(with_address), 4)),
                strict=True,
            )
        ]
    texts[other > 1 - p.play_time_nan] = b"nan"
    return texts


def _dirty_length(plays: Plays, users: int, p: DirtParameters, rng: np.random.Generator) -> Texts:
    """song_length as text: seconds; often 0 for some users, sometimes -1 or -2^31."""
    rows = len(plays.user)
    often = rng.random(users) < p.length_zero_user_share
    zero_rate = np.where(often, p.length_zero_of_those, p.length_zero_of_others)
    kind = rng.random(rows)
    length = np.where(kind < zero_rate[plays.user], 0, plays.length)
    length[kind > 1 - p.length_minus_one] = -1
    length[kind > 1 - p.length_smallest_integer] = _SMALLEST_INTEGER
    return _decimal(length)


def _dirty_song_id(
    song: Indices,
    is_local: Flags,
    p: DirtParameters,
    catalogue: Catalogue,
    rng: np.random.Generator,
) -> list[Texts]:
    """song_id as two columns, all but the last four digits and those; 0, -1, huge at times."""
    number = catalogue.song_id[song]
    front, back = _DIGITS[number // 10_000], _FOUR_DIGITS[number % 10_000]
    kind = rng.random(len(song))
    huge = np.flatnonzero(kind > 1 - p.song_id_beyond_bigint)
    if len(huge):
        front = front.astype("S16")
        front[huge] = rng.integers(922_337_203_685_478, 1_844_674_407_370_955, len(huge)).astype(
            "S16"
        )
    minus_one = kind < p.song_id_minus_one
    front[minus_one], back[minus_one] = b"-", b"1"
    front[is_local], back[is_local] = b"", b"0"
    return [front, back]


def _song_types(is_local: Flags, p: DirtParameters, rng: np.random.Generator) -> Texts:
    kind = rng.random(len(is_local))
    kinds = np.where(kind < p.song_type_two, 2, (kind > 1 - p.song_type_one).astype(np.int64))
    return _DIGITS[np.where(is_local, 1, kinds)].astype("S1")


def _sorted_by_file(file: Indices, moment: NDArray[np.float64]) -> NDArray[np.intp]:
    """Order by file and moment; moments lie in [0, 1)."""
    return np.argsort(file + moment, kind="stable")


def play_lines(
    plays: Plays,
    accounts: Accounts,
    catalogue: Catalogue,
    dirt: DirtParameters,
    rng: np.random.Generator,
) -> Lines:
    """Lines of all plays of some users, one row each (empty lines ride along)."""
    user, rows = plays.user, len(plays.user)
    singer = catalogue.singer[plays.song].astype(np.int64)
    title = _parts(names.TITLE_PARTS, names.title_parts(plays.song, singer))
    paid = accounts.is_paying[user] & (rng.random(rows) < 0.5)
    columns = [
        _sometimes(rows, dirt.leading_tab, b"\t", rng),
        accounts.uid[user],
        _TAB,
        _DEVICES[device_choice(accounts, user, rng).astype(np.int64)],
        _TAB,
        *_dirty_song_id(plays.song, plays.is_local, dirt, catalogue, rng),
        _TAB,
        _song_types(plays.is_local, dirt, rng),
        _TAB,
        title[0],
        _sometimes(rows, dirt.broken_play, b"\n", rng),
        *title[1:],
        _TAB,
        *_parts(names.SINGER_PARTS, names.singer_parts(singer)),
        _TAB,
        _dirty_seconds(plays, dirt, rng),
        _TAB,
        _dirty_length(plays, len(accounts.uid), dirt, rng),
        _TAB,
        _FLAGS[paid.astype(np.int64)],
        _sometimes(rows, dirt.trailing_tabs, b"\t" * 5, rng),
        _NEWLINE,
        _sometimes(rows, dirt.empty_line, b"\n", rng),
    ]
    file = file_index(accounts.part[user], plays.day)
    order = _sorted_by_file(file, rng.random(rows))
    return Lines(PLAY, file[order], join_columns(columns)[order])


def null_lines(null_rows: Counts, accounts: Accounts) -> Lines:
    """Plays of which only the uid was recorded: all other fields are empty."""
    user, day = expand(null_rows)
    file = file_index(accounts.part[user], day)
    order = np.argsort(file, kind="stable")
    columns = [accounts.uid[user], _constant(b"\t" * 8), _NEWLINE]
    return Lines(PLAY, file[order], join_columns(columns)[order])


def _songs_in_mind(
    user: Indices,
    day: Indices,
    plays: Plays,
    users: int,
    catalogue: Catalogue,
    rng: np.random.Generator,
) -> Indices:
    """A song for each download or search: one the user plays by the end of that day, else any."""
    begin = np.searchsorted(plays.user, np.arange(users))
    days = int(max(plays.day.max(initial=0), day.max(initial=0))) + 1
    until = np.searchsorted(plays.user * days + plays.day, user * days + day, side="right")
    known = until - begin[user]
    nth = begin[user] + (rng.random(len(user)) * known).astype(np.int64)
    song = catalogue.draw_anywhere(len(user), rng)
    has_any = known > 0
    song[has_any] = plays.song[nth[has_any]]
    return song


def download_lines(
    downloads: Counts,
    plays: Plays,
    accounts: Accounts,
    catalogue: Catalogue,
    dirt: DirtParameters,
    rng: np.random.Generator,
) -> Lines:
    """Lines of all downloads of some users; songs are those that the user plays."""
    user, day = expand(downloads)
    rows = len(user)
    song = _songs_in_mind(user, day, plays, len(accounts.uid), catalogue, rng)
    singer = catalogue.singer[song].astype(np.int64)
    title = _parts(names.TITLE_PARTS, names.title_parts(song, singer))
    number = catalogue.song_id[song]
    columns = [
        accounts.uid[user],
        _TAB,
        _DEVICES[device_choice(accounts, user, rng).astype(np.int64)],
        _TAB,
        _DIGITS[number // 10_000],
        _FOUR_DIGITS[number % 10_000],
        _TAB,
        *title,
        _sometimes(rows, dirt.broken_download, b"\n", rng),
        _TAB,
        *_parts(names.SINGER_PARTS, names.singer_parts(singer)),
        _TAB,
        _FLAGS[(accounts.is_paying[user] & (rng.random(rows) < 0.5)).astype(np.int64)],
        _NEWLINE,
    ]
    file = file_index(accounts.part[user], day)
    order = _sorted_by_file(file, rng.random(rows))
    return Lines(DOWNLOAD, file[order], join_columns(columns)[order])


def _query(table: PartTable, rows: Indices, is_iphone: Flags, wanted: Flags) -> Texts:
    """One part of a name as the user's phone encodes it, or nothing where it is not wanted."""
    texts = np.where(is_iphone, table.iphone[rows], table.android[rows])
    texts[~wanted] = b""
    return texts


def _seconds_of_day(user: Indices, day: Indices, rng: np.random.Generator) -> Indices:
    """Second of each search: minutes after the hour in which the user searches that day."""
    starts = np.r_[True, (user[1:] != user[:-1]) | (day[1:] != day[:-1])][: len(user)]
    session = np.cumsum(starts) - 1
    sessions = int(session[-1]) + 1 if len(session) else 0
    hour = rng.choice(24, size=sessions, p=_HOUR_WEIGHTS / _HOUR_WEIGHTS.sum())
    begin = hour * 3_600 + rng.integers(3_600, size=sessions)
    later = rng.exponential(900, size=len(user)).astype(np.int64)
    return np.asarray(np.minimum(begin[session] + later, 86_399))


def search_lines(
    searches: Counts,
    plays: Plays,
    accounts: Accounts,
    catalogue: Catalogue,
    calendar: Calendar,
    dirt: DirtParameters,
    rng: np.random.Generator,
) -> Lines:
    """Lines of all searches of some users: titles, singers, or both, by time of day."""
    user, day = expand(searches)
    rows = len(user)
    song = _songs_in_mind(user, day, plays, len(accounts.uid), catalogue, rng)
    singer = catalogue.singer[song].astype(np.int64)
    head, tail, remark = names.title_parts(song, singer)
    first, last = names.singer_parts(singer)
    is_iphone = device_choice(accounts, user, rng)
    kind = rng.random(rows)
    by_title, by_singer = kind < 0.66, kind > 0.58
    with_remark = by_title & (rng.random(rows) < 0.3)
    space = np.where(by_title & by_singer, np.where(is_iphone, b"%20%20", b"++"), b"")
    query = join_columns(
        [
            _query(names.TITLE_HEAD, head, is_iphone, by_title),
            _query(names.TITLE_TAIL, tail, is_iphone, by_title),
            _query(names.TITLE_REMARK, remark, is_iphone, with_remark),
            space.astype("S6"),
            _query(names.SINGER_FIRST, first, is_iphone, by_singer),
            _query(names.SINGER_LAST, last, is_iphone, by_singer),
        ]
    )
    for row in np.flatnonzero(rng.random(rows) < dirt.query_cut):
        written = np.flatnonzero(query[row])
        query[row, written[-3:]] = 0  # the last byte of a character, as %XX

    second = _seconds_of_day(user, day, rng)
    dates = np.array(
        [str(calendar.date_of(number)) for number in range(calendar.days)], dtype="S10"
    )
    columns = [
        accounts.uid[user],
        _TAB,
        _DEVICES[is_iphone.astype(np.int64)],
        _TAB,
        dates[day],
        _constant(b" "),
        _TWO_DIGITS[second // 3_600],
        _constant(b":"),
        _TWO_DIGITS[second // 60 % 60],
        _constant(b":"),
        _TWO_DIGITS[second % 60],
        _TAB,
    ]
    joined = np.concatenate(
        [join_columns(columns), query, np.full((rows, 1), 10, np.uint8)], axis=1
    )
    file = file_index(accounts.part[user], day)
    order = _sorted_by_file(file, second / 86_400)
    return Lines(SEARCH, file[order], joined[order])
