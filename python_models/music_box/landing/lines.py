"""A stream of bytes as blocks of whole lines, and the irregular ones among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

BLOCK_BYTES = 256 * 1024  # stays in a core's cache: the scans run 1.4 x as fast as on 16 MiB blocks
MAX_LINE_BYTES = 1024 * 1024  # a longer line would not fit the buffers of those who read on
KEPT_LINE_BYTES = 1000  # of a line that is too long
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# All bytes that cannot tell whether a line is regular. A regular line is left with its tabs.
_NEUTRAL_BYTES = bytes(byte for byte in range(256) if byte not in b"\t\n\r\0")


class Readable(Protocol):
    """What is asked of a stream of bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most so many bytes, none at the end."""
        ...


@dataclass(frozen=True)
class Block:
    """Whole lines of a delivery, each ending in a newline.

    `is_too_long` marks a block that holds the beginning of one overlong line and nothing else;
    `is_unfinished` one whose last newline the delivery lacks.
    """

    content: bytes
    is_too_long: bool = False
    is_unfinished: bool = False


def read_blocks(stream: Readable) -> Iterator[Block]:
    """Cut a stream into blocks of whole lines, in bounded memory whatever the stream holds."""
    rest = b""
    is_skipping = False  # inside an overlong line whose beginning has been yielded
    while chunk := stream.read(BLOCK_BYTES):
        if is_skipping:
            end = chunk.find(b"\n") + 1
            if not end:
                continue
            chunk = chunk[end:]
            is_skipping = False
        end = chunk.rfind(b"\n") + 1
        if end:
            whole_lines = b"".join((rest, memoryview(chunk)[:end]))  # one copy, not two
            yield from _without_overlong_beginning(whole_lines)
            rest = chunk[end:]
        else:
            rest += chunk
        if len(rest) > MAX_LINE_BYTES:
            yield Block(rest[:KEPT_LINE_BYTES] + b"\n", is_too_long=True)
            rest = b""
            is_skipping = True
    if rest:
        yield Block(rest + b"\n", is_unfinished=True)


def _without_overlong_beginning(content: bytes) -> Iterator[Block]:
    """Yield the content as it is, unless its first line, begun in earlier chunks, is overlong."""
    first_end = content.find(b"\n") + 1
    if first_end - 1 <= MAX_LINE_BYTES:
        yield Block(content)
        return
    yield Block(content[:KEPT_LINE_BYTES] + b"\n", is_too_long=True)
    if content[first_end:]:
        yield Block(content[first_end:])


class IrregularLine(NamedTuple):
    """A line that SQL has to look at.

    `position` counts from 0 in its block; `is_replaced` says that bytes that are no text (NUL, CR,
    invalid UTF-8) stand in `text` as U+FFFD.
    """

    position: int
    text: str
    is_replaced: bool


class SplitBlock(NamedTuple):
    """A block with its irregular lines set apart.

    `regular` is the content with every irregular line replaced by empty fields, the very same
    object if there was nothing to replace; `lines` counts both kinds.
    """

    regular: bytes
    irregular: list[IrregularLine]
    lines: int


def split_block(content: bytes, fields: int) -> SplitBlock:
    r"""Separate regular from irregular lines.

    Parameters
    ----------
    content
        Whole lines, each ending in a newline (also `\r\n`).
    fields
        How many tab-separated fields a regular line has.
    """
    blank = b"\t" * (fields - 1)
    regular = blank + b"\n"
    shape = content.translate(None, _NEUTRAL_BYTES)
    if b"\r" in shape and b"\r\n" in content:
        content = content.replace(b"\r\n", b"\n")
        shape = content.translate(None, _NEUTRAL_BYTES)
    has_only_text = _is_text(content)
    lines = len(shape) // len(regular)
    if has_only_text and shape == regular * lines:
        return SplitBlock(content, [], lines)
    texts = content.split(b"\n")
    texts.pop()  # what follows the last newline: nothing
    shapes = shape.split(b"\n")[:-1]
    suspects = {position for position, tabs in enumerate(shapes) if tabs != blank}
    if not has_only_text:
        suspects |= {position for position, line in enumerate(texts) if not _is_text(line)}
    irregular = []
    for position in sorted(suspects):
        text = replace_what_is_no_text(texts[position])
        irregular.append(IrregularLine(position, text, text.encode("utf-8") != texts[position]))
        texts[position] = blank
    return SplitBlock(b"\n".join(texts) + b"\n", irregular, len(texts))


def replace_what_is_no_text(line: bytes) -> str:
    """Put U+FFFD in the place of NUL, CR and invalid UTF-8."""
    return line.decode("utf-8", "replace").replace("\0", REPLACEMENT).replace("\r", REPLACEMENT)


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
