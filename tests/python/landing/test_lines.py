"""Lines: which are regular, where the others go, and that none is lost or renumbered."""

import io
from pathlib import Path

import duckdb
import pytest
from music_box.landing import BYTE_ORDER_MARK, Block, read_blocks, split_block
from music_box.landing.lines import BLOCK_BYTES, MAX_LINE_BYTES

from .conftest import (
    DOWNLOAD,
    LOG_FIELDS,
    Deliveries,
    IrregularLine,
    irregular_lines,
    read_regular_lines,
    regular_lines,
)

NAME = "20170330_1_down.log"
MEBIBYTE = 1024 * 1024


@pytest.fixture
def tiny_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 4 bytes and lines of at most 10, of which 6 are kept when they are longer."""
    for module in ("lines", "containers", "delivery"):
        monkeypatch.setattr(f"music_box.landing.{module}.BLOCK_BYTES", 4)
    monkeypatch.setattr("music_box.landing.lines.MAX_LINE_BYTES", 10)
    monkeypatch.setattr("music_box.landing.lines.KEPT_LINE_BYTES", 6)


def test_a_block_of_regular_lines_is_handed_back_untouched() -> None:
    content = b"1\ta\n2\tb\n\t\n"

    regular, irregular, lines = split_block(content, 2)

    assert regular is content
    assert irregular == []
    assert lines == 3


@pytest.mark.parametrize(
    ("content", "regular", "irregular"),
    [
        (b"1\ta\r\n2\tb\n", b"1\ta\n2\tb\n", []),
        (b"1\ta\n\n2\tb\n", b"1\ta\n\t\n2\tb\n", [(1, "", False)]),
        (b"\r\n1\ta\n", b"\t\n1\ta\n", [(0, "", False)]),
        (b"1\n", b"\t\n", [(0, "1", False)]),
        (b"1\ta\tb\n", b"\t\n", [(0, "1\ta\tb", False)]),
        # a missing tab here and a surplus tab there are two irregular lines, not two regular ones
        (b"1\n2\ta\tb\n", b"\t\n\t\n", [(0, "1", False), (1, "2\ta\tb", False)]),
        (b"1\ta\rb\n2\tb\n", b"\t\n2\tb\n", [(0, "1\ta�b", True)]),
        (b"1\ta\r\r\n", b"\t\n", [(0, "1\ta�", True)]),
        (b"\r1\ta\n", b"\t\n", [(0, "�1\ta", True)]),
        (b"1\ta\0\n2\tb\n", b"\t\n2\tb\n", [(0, "1\ta�", True)]),
        (b"1\t\xe6\xad\n2\t\xe6\xad\x8c\n", "\t\n2\t歌\n".encode(), [(0, "1\t�", True)]),
        # half a character before the newline and half behind it are no character
        (b"1\t\xe6\n\xad\x8c\tb\n", b"\t\n\t\n", [(0, "1\t�", True), (1, "��\tb", True)]),
        # an encoded surrogate is no UTF-8, though it looks like it
        (b"1\t\xed\xa0\x80\n", b"\t\n", [(0, "1\t���", True)]),
        ("1\t�\n".encode(), "1\t�\n".encode(), []),
        ("1\n�\n".encode(), b"\t\n\t\n", [(0, "1", False), (1, "�", False)]),
        # what looks like the end of a line elsewhere is text here
        ("1\ta\v\f\x1c\x85 b\n".encode(), "1\ta\v\f\x1c\x85 b\n".encode(), []),
        (b'1\t"a\n2\tb"\n', b'1\t"a\n2\tb"\n', []),
    ],
)
def test_irregular_lines_are_taken_out_and_their_places_kept(
    content: bytes, regular: bytes, irregular: list[tuple[int, str, bool]]
) -> None:
    assert split_block(content, 2) == (regular, irregular, content.count(b"\n"))


def blocks_of(content: bytes) -> list[Block]:
    """Blocks into which a stream of this content is cut."""
    return list(read_blocks(io.BytesIO(content)))


@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n", [Block(b"\n")]),
        (b"ab", [Block(b"ab\n", is_unfinished=True)]),
        (b"a\nb\ncd", [Block(b"a\nb\n"), Block(b"cd\n", is_unfinished=True)]),
        (b"abcde\nf\n", [Block(b"abcde\nf\n")]),
        (b"a\n\n\n\n\nb\n", [Block(b"a\n\n\n"), Block(b"\n\nb\n")]),
        # a line may be as long as the limit, and not a byte longer
        (b"0123456789\na\n", [Block(b"0123456789\n"), Block(b"a\n")]),
        (b"0123456789", [Block(b"0123456789\n", is_unfinished=True)]),
        (b"0123456789a\nb\n", [Block(b"012345\n", is_too_long=True), Block(b"b\n")]),
        (b"0123456789a", [Block(b"012345\n", is_too_long=True)]),
        # at the beginning, in the middle and at the end
        (
            b"x" * 30 + b"\nab\nc\n",
            [Block(b"xxxxxx\n", is_too_long=True), Block(b"ab\nc\n")],
        ),
        (
            b"ab\n" + b"x" * 30 + b"\nc\n",
            [Block(b"ab\n"), Block(b"xxxxxx\n", is_too_long=True), Block(b"c\n")],
        ),
        (b"ab\n" + b"x" * 30 + b"\n", [Block(b"ab\n"), Block(b"xxxxxx\n", is_too_long=True)]),
        (b"ab\n" + b"x" * 30, [Block(b"ab\n"), Block(b"xxxxxx\n", is_too_long=True)]),
        # one after the other
        (
            b"x" * 14 + b"\n" + b"y" * 15 + b"\n" + b"z" * 11,
            [
                Block(b"xxxxxx\n", is_too_long=True),
                Block(b"yyyyyy\n", is_too_long=True),
                Block(b"zzzzzz\n", is_too_long=True),
            ],
        ),
    ],
)
def test_a_stream_is_cut_at_ends_of_lines_whatever_their_length(
    content: bytes, expected: list[Block]
) -> None:
    assert blocks_of(content) == expected


def test_only_the_first_line_of_a_block_can_be_overlong() -> None:
    """`read_blocks` looks for overlong lines nowhere else, which is right for blocks this small."""
    assert BLOCK_BYTES <= MAX_LINE_BYTES


@pytest.mark.usefixtures("tiny_blocks")
def test_lines_after_an_overlong_one_keep_their_numbers(deliveries: Deliveries) -> None:
    content = b"1\t2\t3\n" + b"x" * 1000 + b"\n4\t5\t\t\t\t6\n" + b"\xe6" * 11

    landed = deliveries.land_one(NAME, content)

    assert landed["lines"] == 4
    assert regular_lines(landed) == [b"\t\t\t\t\t", b"\t\t\t\t\t", b"4\t5\t\t\t\t6", b"\t\t\t\t\t"]
    assert irregular_lines(landed) == [
        IrregularLine(1, "1\t2\t3"),
        IrregularLine(2, "xxxxxx", is_replaced=True, is_too_long=True),
        IrregularLine(4, "������", is_replaced=True, is_too_long=True),
    ]


def test_a_line_of_the_greatest_length_is_read_by_duckdb(
    deliveries: Deliveries, duck: duckdb.DuckDBPyConnection
) -> None:
    """The limit stands for what those who read on can take."""
    longest = b"1\tar\t2\t%s\tsinger\t0"
    longest %= b"x" * (MAX_LINE_BYTES - len(longest) + 2)
    assert len(longest) == MAX_LINE_BYTES

    landed = deliveries.land_one(NAME, DOWNLOAD + longest + b"\n" + DOWNLOAD)

    assert landed["irregular_lines"] == 0
    rows = read_regular_lines(duck, landed["regular_path"], LOG_FIELDS["down"])
    assert [len(row[3] or "") for row in rows] == [4, longest.count(b"x"), 4]


def test_line_numbers_are_those_of_the_delivery(
    deliveries: Deliveries, duck: duckdb.DuckDBPyConnection
) -> None:
    """The copy has a line for every line: a row number in it leads to the delivery's line."""
    content = (
        b"\n"
        b"1\tar\t11\tsong\tsinger\t0\r\n"
        b"half a record\n"
        b"2\tar\t12\tsong\tsinger\t0\n"
        b"3\tar\t13\tso\0ng\tsinger\t0\n"
        b"4\tar\t14\tsong\tsinger\t0"
    )

    landed = deliveries.land_one(NAME, content)

    assert (landed["lines"], landed["irregular_lines"]) == (6, 3)
    rows = read_regular_lines(duck, landed["regular_path"], LOG_FIELDS["down"])
    assert [row[2] for row in rows] == [None, "11", None, "12", None, "14"]
    assert irregular_lines(landed) == [
        IrregularLine(1, ""),
        IrregularLine(3, "half a record"),
        IrregularLine(5, "3\tar\t13\tso�ng\tsinger\t0", is_replaced=True),
    ]


def test_what_came_before_the_first_irregular_line_is_in_the_copy(deliveries: Deliveries) -> None:
    """A clean beginning of many blocks is copied only when something irregular turns up."""
    lines = 3 * BLOCK_BYTES // len(DOWNLOAD)

    landed = deliveries.land_one(NAME, DOWNLOAD * lines + b"\n" + DOWNLOAD)

    assert Path(landed["regular_path"]).parent == deliveries.landing
    assert regular_lines(landed) == [DOWNLOAD.rstrip()] * lines + [b"\t" * 5] + [DOWNLOAD.rstrip()]
    assert irregular_lines(landed) == [IrregularLine(lines + 1, "")]


def test_a_byte_order_mark_is_no_part_of_the_first_uid(deliveries: Deliveries) -> None:
    landed = deliveries.land_one(NAME, BYTE_ORDER_MARK + DOWNLOAD + BYTE_ORDER_MARK + DOWNLOAD)

    assert regular_lines(landed) == [DOWNLOAD.rstrip(), BYTE_ORDER_MARK + DOWNLOAD.rstrip()]
    assert landed["content_bytes"] == 2 * len(BYTE_ORDER_MARK + DOWNLOAD)


@pytest.mark.parametrize(
    ("content", "is_cut"),
    [
        (DOWNLOAD * (MEBIBYTE // len(DOWNLOAD) + 1), True),
        (b"1\tar\t2\tso\tabc\t0\n" * (MEBIBYTE // 16), False),
        (DOWNLOAD, False),
    ],
)
def test_an_upload_cut_at_a_whole_mebibyte_is_told(
    deliveries: Deliveries, content: bytes, is_cut: bool
) -> None:
    landed = deliveries.land_one(NAME, content[:MEBIBYTE])

    assert landed["is_cut"] == is_cut
    assert landed["lines"] == content[:MEBIBYTE].count(b"\n") + is_cut


def test_content_and_not_packing_or_time_makes_the_id(deliveries: Deliveries) -> None:
    first = deliveries.land_one(NAME, DOWNLOAD)["delivery_id"]

    assert deliveries.land_one(NAME, DOWNLOAD)["delivery_id"] == first
    assert deliveries.land_one(NAME, DOWNLOAD * 2)["delivery_id"] != first
    assert deliveries.land_one("20170330_2_down.log", DOWNLOAD)["delivery_id"] != first
