"""One file landed: what it is, where its lines are to be read, and their separation."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

from music_box.forgetting import Forgotten
from music_box.landing.containers import CountingReader, DeliveryError, open_content
from music_box.landing.encodings import UTF_8, UTF_16, UTF_16_MARKS, Recoded, encoding_of
from music_box.landing.lines import (
    BLOCK_BYTES,
    BYTE_ORDER_MARK,
    Block,
    IrregularLine,
    SplitBlock,
    read_blocks,
    replace_what_is_no_text,
    split_block,
)
from music_box.landing.names import DeliveryName

CUT_UPLOAD_BYTES = 1024 * 1024
# Logs shrink to a tenth or a twentieth, lines that are all the same to a two-hundredth. An archive
# that grows far beyond that was made to fill the disk.
MAX_EXPANSION = 300
HARMLESS_BYTES = 256 * 1024 * 1024

# Where the encoding cannot be told, this share (0-1) of broken lines is repaired; more is refused.
LARGEST_BROKEN_SHARE = 0.1

_to_json = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True)
class LandedFile:
    """One file of the folder, and where its lines are to be read.

    Attributes
    ----------
    file_name, delivery, event, event_date, part
        The name and what it says; the last four are None for a name that says nothing.
    problem
        Why no line of this file is used; None if all is well.
    container
        How the bytes were packed: `plain`, `gzip`, `tar` or `gzip+tar`.
    encoding
        How the text was encoded: `utf-8`, `utf-16`, `gb18030` or `big5`.
    file_bytes, content_bytes
        Size on disk and unpacked, in bytes.
    content_sha256
        Of the unpacked content, so that a file equals its own archive.
    delivery_id
        60-bit number of name and content: it changes when either does, or lines of other users are
        to be forgotten.
    lines, irregular_lines
        Physical lines, and those of them that need a closer look.
    is_cut
        The size is a whole MiB and the last line has no end: an upload that stopped half-way.
    modified_ns
        The file's modification time: of two files that claim one delivery the newer wins.
    regular_path, irregular_path
        Where to read the lines; None without lines of that kind.
    """

    file_name: str
    delivery: str | None = None
    event: str | None = None
    event_date: str | None = None
    part: str | None = None
    problem: str | None = None
    container: str | None = None
    encoding: str | None = None
    file_bytes: int = 0
    content_bytes: int | None = None
    content_sha256: str | None = None
    delivery_id: int | None = None
    lines: int | None = None
    irregular_lines: int | None = None
    is_cut: bool | None = None
    modified_ns: int = 0
    regular_path: str | None = None
    irregular_path: str | None = None


def read_delivery(
    path: Path, landing: Path, name: DeliveryName, fields: int, forgotten: Forgotten | None
) -> LandedFile:
    """Read one delivery to its end; of its lines, keep what cannot be read from the file itself."""
    status = path.stat()
    encoding = UTF_16 if _begins_with(path, UTF_16_MARKS) else UTF_8
    reading = _read(path, landing, fields, forgotten, encoding)
    if reading.separation.broken_lines:
        encoding = _encoding_of(path, fields, reading.separation)
        if encoding != UTF_8:
            reading = _read(path, landing, fields, forgotten, encoding)
    now = path.stat()
    if (now.st_mtime_ns, now.st_size) != (status.st_mtime_ns, status.st_size):
        raise DeliveryError("the file changed while it was read; build again when it is complete")
    separation = reading.separation
    identity = hashlib.sha256(f"{name.delivery}\n{reading.content_sha256}".encode())
    if separation.forgotten_lines:
        # what is staged of it is another thing
        identity.update(f"\n{separation.forgotten_lines}".encode())
    delivery_id = int(identity.hexdigest()[:15], 16)
    landed = landing / f"{path.name}.{delivery_id:x}"
    regular_path = _keep(
        reading.regular_part,
        landed.with_name(f"{landed.name}.regular"),
        separation.is_copying and separation.lines > 0,
    )
    if separation.lines and not separation.is_copying:
        regular_path = path
    irregular_path = _keep(
        reading.irregular_part,
        landed.with_name(f"{landed.name}.irregular"),
        separation.irregular_lines > 0,
    )
    return LandedFile(
        file_name=path.name,
        delivery=name.delivery,
        event=name.event,
        event_date=name.event_date.isoformat(),
        part=name.part,
        container=reading.container,
        encoding=encoding,
        file_bytes=status.st_size,
        content_bytes=reading.content_bytes,
        content_sha256=reading.content_sha256,
        delivery_id=delivery_id,
        lines=separation.lines,
        irregular_lines=separation.irregular_lines,
        is_cut=reading.is_unfinished and reading.content_bytes % CUT_UPLOAD_BYTES == 0,
        modified_ns=status.st_mtime_ns,
        regular_path=str(regular_path) if regular_path else None,
        irregular_path=str(irregular_path) if irregular_path else None,
    )


@dataclass(frozen=True)
class _Reading:
    """A delivery read to its end."""

    separation: _Separation
    container: str
    content_bytes: int
    content_sha256: str
    is_unfinished: bool
    regular_part: Path
    irregular_part: Path


def _read(
    path: Path, landing: Path, fields: int, forgotten: Forgotten | None, encoding: str
) -> _Reading:
    """Read a delivery in one encoding and separate its lines."""
    digest = hashlib.sha256()
    file_bytes = path.stat().st_size
    is_unfinished = False
    regular_part = landing / f"{path.name}.regular.part"
    irregular_part = landing / f"{path.name}.irregular.part"
    with (
        path.open("rb") as file,
        open_content(file) as (stream, container),
        regular_part.open("wb") as regular_file,
        irregular_part.open("w", encoding="utf-8") as irregular_file,
    ):
        counted = CountingReader(stream, digest)
        is_copying = container != "plain" or encoding != UTF_8
        separation = _Separation(path, fields, forgotten, is_copying, regular_file, irregular_file)
        for block in read_blocks(counted if encoding == UTF_8 else Recoded(counted, encoding)):
            # what is kept of a line may be longer than the line: an empty one is a row, too
            unpacked = max(counted.bytes_read, separation.bytes_kept)
            if unpacked > max(HARMLESS_BYTES, MAX_EXPANSION * file_bytes):
                raise DeliveryError(
                    f"the archive unpacks to more than {MAX_EXPANSION} times its size; deliver it"
                    " unpacked if that is right"
                )
            separation.add(block)
            is_unfinished = block.is_unfinished
    return _Reading(
        separation,
        container,
        counted.bytes_read,
        digest.hexdigest(),
        is_unfinished,
        regular_part,
        irregular_part,
    )


def _begins_with(path: Path, marks: tuple[bytes, ...]) -> bool:
    with path.open("rb") as file, open_content(file) as (stream, _):
        return CountingReader(stream, hashlib.sha256()).read(2) in marks


def _encoding_of(path: Path, fields: int, separation: _Separation) -> str:
    """The encoding of a delivery with lines that are no UTF-8."""
    with path.open("rb") as file, open_content(file) as (stream, _):
        # lines of another shape are no text of this service
        lines = (
            line
            for block in read_blocks(stream)
            for line in block.content.split(b"\n")
            if line.count(b"\t") == fields - 1
        )
        encoding = encoding_of(lines)
    if encoding is None and separation.broken_lines > LARGEST_BROKEN_SHARE * separation.lines:
        raise DeliveryError(
            f"{separation.broken_lines:,} of {separation.lines:,} lines are neither UTF-8 nor"
            " GB18030 nor Big5 text; convert the file to UTF-8 (iconv -f <its encoding> -t UTF-8)"
            " and deliver it again"
        )
    return encoding or UTF_8


def _keep(part: Path, final: Path, is_wanted: bool) -> Path | None:
    """Give a finished file its name, or remove it if nobody needs it."""
    if is_wanted:
        return part.replace(final)
    part.unlink()
    return None


@dataclass
class _Separation:
    """Writes the regular copy and the irregular lines of one delivery, block by block.

    Until something irregular turns up, a plain delivery is itself the regular copy and nothing is
    written (`is_copying`).
    """

    path: Path
    fields: int
    forgotten: Forgotten | None
    is_copying: bool
    regular_file: BinaryIO
    irregular_file: TextIO
    lines: int = 0
    irregular_lines: int = 0
    broken_lines: int = 0
    forgotten_lines: list[int] = field(default_factory=list)
    bytes_seen: int = 0
    bytes_kept: int = 0

    def add(self, block: Block) -> None:
        """Take the next block of the delivery."""
        split, forgotten = self._split(block)
        if not self.is_copying and split.regular is not block.content:
            _copy_beginning(self.path, self.regular_file, self.bytes_seen)
            self.is_copying = True
        if self.is_copying:
            self.regular_file.write(split.regular)
        self.forgotten_lines += [self.lines + place + 1 for place in sorted(forgotten)]
        for line in split.irregular:
            row = {
                "line_number": self.lines + line.position + 1,
                "line_text": line.text,
                "is_replaced": line.is_replaced,
                "is_too_long": block.is_too_long,
                "is_forgotten": line.position in forgotten,
            }
            self.bytes_kept += self.irregular_file.write(_to_json(row) + "\n")
        self.lines += split.lines
        self.irregular_lines += len(split.irregular)
        self.broken_lines += sum(line.is_replaced for line in split.irregular)
        self.bytes_seen += len(block.content)

    def _split(self, block: Block) -> tuple[SplitBlock, set[int]]:
        """Lines of a block, and which of them are of forgotten users, and empty."""
        content = block.content
        forgotten: set[int] = set()
        if self.bytes_seen == 0 and content.startswith(BYTE_ORDER_MARK):
            content = content[len(BYTE_ORDER_MARK) :]
            if content == b"\n" and block.is_unfinished:
                return SplitBlock(b"", [], 0), forgotten  # the mark was all
        if self.forgotten is not None:
            content, forgotten = self.forgotten.leave_out(content)
        if block.is_too_long:
            beginning = IrregularLine(0, replace_what_is_no_text(content[:-1]), True)
            return SplitBlock(b"\t" * (self.fields - 1) + b"\n", [beginning], 1), forgotten
        return split_block(content, self.fields), forgotten


def _copy_beginning(path: Path, target: BinaryIO, length: int) -> None:
    with path.open("rb") as source:
        while length > 0 and (chunk := source.read(min(length, BLOCK_BYTES))):
            target.write(chunk)
            length -= len(chunk)
