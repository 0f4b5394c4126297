"""Whatever bytes come: every line is landed once, at its number, and DuckDB agrees.

What is expected is said here a second time, plainly and for the whole file at once, where the
package works on blocks, shapes and copies.
"""

from dataclasses import dataclass
from unittest import mock

import duckdb
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from music_box.landing import containers, delivery, lines

from .conftest import (
    LOG_FIELDS,
    Deliveries,
    IrregularLine,
    irregular_lines,
    read_irregular_lines,
    read_regular_lines,
    regular_lines,
)

NAME = "20170330_1_search.log"
FIELDS = LOG_FIELDS["search"]
BYTE_ORDER_MARK = "\N{BYTE ORDER MARK}".encode()
MAX_LINE_BYTES = 60
KEPT_LINE_BYTES = 20

RECORD = b"1\tar\t2017-03-30 00:00:00\tquery\n"
SHAPES = [RECORD, b"\t", b"\t\t\t", b"\n", b"\r\n", b"\r", b"\0", b"x" * (MAX_LINE_BYTES + 1)]
TEXTS = [
    "0",
    "abc",
    "歌",
    '"',
    "'",
    "\\",
    "#",
    ",",
    " ",
    "\x01",
    "\x1a",
    "\x85",
    "\u2028",
    "\ufeff",
]
PIECES = st.sampled_from([*SHAPES, *(text.encode() for text in TEXTS), b"\xe6\xad", b"\xff"])
CONTENTS = st.one_of(
    st.lists(PIECES, max_size=40).map(b"".join),
    st.lists(st.binary(max_size=6) | PIECES, max_size=30).map(b"".join),
)


@dataclass(frozen=True)
class Expected:
    """Lines of a file: number -> bytes of a regular one, and the irregular ones."""

    lines: int
    regular: dict[int, bytes]
    irregular: list[IrregularLine]


def restate(content: bytes) -> Expected:
    """Say what has to become of each line."""
    if content == BYTE_ORDER_MARK:
        content = b""  # the mark says how to read what follows, and nothing does
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()  # behind the last newline there is no line
    regular = {}
    irregular = []
    for number, raw_line in enumerate(lines, start=1):
        is_too_long = len(raw_line) > MAX_LINE_BYTES
        line = raw_line[:KEPT_LINE_BYTES] if is_too_long else raw_line.removesuffix(b"\r")
        if number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        text = line.decode("utf-8", "replace").replace("\r", "\ufffd").replace("\0", "\ufffd")
        is_text = text.encode() == line
        if is_text and not is_too_long and len(line.split(b"\t")) == len(FIELDS):
            regular[number] = line
        else:
            irregular.append(IrregularLine(number, text, not is_text or is_too_long, is_too_long))
    return Expected(len(lines), regular, irregular)


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=CONTENTS, block_bytes=st.integers(1, MAX_LINE_BYTES))
@example(content=BYTE_ORDER_MARK, block_bytes=1)
@example(content=BYTE_ORDER_MARK * 2 + RECORD, block_bytes=1)
@example(content=b"\t\t\t\r\n\t\t\t\r\r\n\t\t\t\r", block_bytes=4)
@example(content=b"x" * 60 + b"\r\n" + b"x" * 59 + b"\r\n" + b"x" * 61, block_bytes=60)
def test_every_line_is_landed_exactly_once_at_its_number(
    deliveries: Deliveries,
    duck: duckdb.DuckDBPyConnection,
    content: bytes,
    block_bytes: int,
) -> None:
    assume(not content.startswith(b"\x1f\x8b"))  # which is an archive, not lines
    with (
        mock.patch.multiple(
            lines,
            BLOCK_BYTES=block_bytes,
            MAX_LINE_BYTES=MAX_LINE_BYTES,
            KEPT_LINE_BYTES=KEPT_LINE_BYTES,
        ),
        mock.patch.object(containers, "BLOCK_BYTES", block_bytes),
        mock.patch.object(delivery, "BLOCK_BYTES", block_bytes),
    ):
        landed = deliveries.land_one(NAME, content)
    expected = restate(content)

    assert landed["problem"] is None
    assert landed["lines"] == expected.lines
    assert landed["irregular_lines"] == len(expected.irregular)
    assert irregular_lines(landed) == expected.irregular

    copied = regular_lines(landed)
    blank = b"\t" * (len(FIELDS) - 1)
    assert copied == [expected.regular.get(n, blank) for n in range(1, expected.lines + 1)]

    if landed["irregular_path"] is not None:
        assert read_irregular_lines(duck, landed["irregular_path"]) == expected.irregular
    if landed["regular_path"] is not None:
        assert read_regular_lines(duck, landed["regular_path"], FIELDS) == [
            tuple(field.decode() or None for field in line.split(b"\t"))
            # DuckDB takes away a byte-order mark itself, should a file begin with two of them
            for line in [copied[0].removeprefix(BYTE_ORDER_MARK), *copied[1:]]
        ]
