"""Landing: from a folder of deliveries to text that DuckDB reads line by line, losing nothing.

Each delivery is read once, as bytes. A line is *regular* if it has its event's number of fields and
consists of text; every other line is *irregular*. DuckDB reads the regular lines straight from the
delivery, or, where the delivery is compressed or holds irregular lines, from a copy in which each
irregular line is replaced by empty fields, so that line numbers stay those of the delivery. The
irregular lines go to a small file of their own, for SQL to repair or reject one by one. A clean
file therefore pays for one scan of its bytes, a dirty one only for its dirty lines.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, TextIO

import pandas as pd
from tqdm import tqdm

BLOCK_BYTES = 256 * 1024  # stays in a core's cache: the scans run 1.4 x as fast as on 16 MiB blocks
CUT_UPLOAD_BYTES = 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024  # a longer line would not fit the buffers of those who read on
KEPT_LINE_BYTES = 1000  # of a line that is too long
MAX_NAME_BYTES = 200  # file systems allow 255, and landed copies have endings of their own
TAR_MARKS = (b"ustar\x0000", b"ustar  \0")  # with the version, since a song may be called "ustar"
CACHE_VERSION = 1  # raise it when this module reads the same bytes differently
RECENT_SECONDS = 2.0
FULL_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT)
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# All bytes that cannot tell whether a line is regular. A regular line is left with its tabs.
_NEUTRAL_BYTES = bytes(byte for byte in range(256) if byte not in b"\t\n\r\0")


class Readable(Protocol):
    """What is asked of a stream of bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most so many bytes, none at the end."""
        ...


class DeliveryError(Exception):
    """A delivery that cannot be read to its end; the message tells its sender why."""


@dataclass(frozen=True)
class DeliveryName:
    """What a file's name says: the delivery, its date, its part and its event."""

    delivery: str
    event_date: date
    part: str
    event: str


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
    file_bytes, content_bytes
        Size on disk and unpacked, in bytes.
    content_sha256
        Of the unpacked content, so that a file equals its own archive.
    delivery_id
        63-bit number of name and content: it changes when either does.
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


def parse_delivery_name(file_name: str, pattern: str) -> DeliveryName | None:
    """Read date, part and event from a file's name; None for a name that is no delivery's.

    Parameters
    ----------
    file_name
        The name, without folders.
    pattern
        Regular expression with the groups date (YYYYMMDD), part, event, compression suffix.
    """
    match = re.fullmatch(pattern, file_name)  # `$` alone would pass over a newline at the end
    if match is None:
        return None
    digits, part, event, suffix = match.groups()
    try:
        event_date = datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return None
    return DeliveryName(file_name.removesuffix(suffix or ""), event_date, part or "", event)


def land_folder(
    raw_logs: Path,
    landing: Path,
    name_pattern: str,
    log_fields: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Land every file of a folder, reading only those that are new or changed since the last call.

    Parameters
    ----------
    raw_logs
        The folder of deliveries. Names that begin with `.` or `_` are no deliveries: passed over.
    landing
        Where copies, irregular lines and the memory of earlier calls are kept; safe to delete.
    name_pattern
        See `parse_delivery_name`.
    log_fields
        Event code of the name -> names of the fields of its lines.

    Returns
    -------
    DataFrame
        One row per file, with the columns of `LandedFile`.
    """
    landing.mkdir(parents=True, exist_ok=True)
    entries = sorted(
        (entry for entry in os.scandir(raw_logs) if not entry.name.startswith((".", "_"))),
        key=lambda entry: entry.name,
    )
    total = sum(entry.stat().st_size for entry in entries if entry.is_file())
    kept: set[str] = set()
    rows = []
    with tqdm(total=total, unit="B", unit_scale=True, desc="landing", mininterval=1.0) as progress:
        for entry in entries:
            landed = _land_entry(entry, landing, name_pattern, log_fields)
            rows.append(asdict(landed))
            kept |= {_memory_path(landing, landed.file_name).name}
            kept |= {
                Path(path).name for path in (landed.regular_path, landed.irregular_path) if path
            }
            progress.update(landed.file_bytes)
    for leftover in landing.iterdir():
        if leftover.name not in kept:
            leftover.unlink()
    return _to_frame(rows)


def _to_frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    columns = list(LandedFile.__dataclass_fields__)
    integers = ["file_bytes", "content_bytes", "delivery_id", "lines", "irregular_lines"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.astype(dict.fromkeys([*integers, "modified_ns"], "Int64"))
    texts = [name for name in columns if name not in {*integers, "modified_ns", "is_cut"}]
    return frame.astype(dict.fromkeys(texts, "str") | {"is_cut": "boolean"})


def _land_entry(
    entry: os.DirEntry[str],
    landing: Path,
    name_pattern: str,
    log_fields: Mapping[str, Sequence[str]],
) -> LandedFile:
    printable_name = os.fsencode(entry.name).decode("utf-8", "backslashreplace")
    if not entry.is_file():
        return LandedFile(printable_name, problem="not a file")
    status = entry.stat()
    name = parse_delivery_name(entry.name, name_pattern)
    problem = None
    if printable_name != entry.name:
        problem = "the name is not UTF-8 text"
    elif name is None:
        problem = "the name is not YYYYMMDD[_part]_{play|down|search}.log[.gz|.tar.gz]"
    elif len(os.fsencode(entry.name)) > MAX_NAME_BYTES:
        problem = f"the name is longer than {MAX_NAME_BYTES} bytes"
    if name is None or problem is not None:
        return LandedFile(
            printable_name,
            problem=problem,
            file_bytes=status.st_size,
            modified_ns=status.st_mtime_ns,
        )
    fields = list(log_fields[name.event])
    fingerprint = [
        CACHE_VERSION, entry.path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, fields,
    ]  # fmt: skip
    remembered = _recall(landing, entry.name, fingerprint)
    if remembered is not None:
        return remembered
    seen_at = time.time()
    is_lasting = True
    try:
        landed = _read_delivery(Path(entry.path), landing, name, len(fields))
    except (DeliveryError, OSError) as error:
        if isinstance(error, OSError) and error.errno in FULL_DISK_ERRORS:
            raise  # this is no fault of the delivery's, and the next one would not land either
        # What the bytes say stays true; a permission may be given and a disk mended.
        is_lasting = isinstance(error, DeliveryError)
        landed = LandedFile(
            entry.name,
            delivery=name.delivery,
            event=name.event,
            event_date=name.event_date.isoformat(),
            part=name.part,
            problem=str(error),
            file_bytes=status.st_size,
            modified_ns=status.st_mtime_ns,
        )
    # A file written just now may be written again within the clock's grain: look again next time.
    if is_lasting and seen_at - max(status.st_mtime, status.st_ctime) > RECENT_SECONDS:
        _remember(landing, landed, fingerprint)
    return landed


def _memory_path(landing: Path, file_name: str) -> Path:
    return landing / f"{file_name}.landed.json"


def _recall(landing: Path, file_name: str, fingerprint: list[object]) -> LandedFile | None:
    """Return what an earlier call found in this file, if it and its landed copies are the same."""
    try:
        memory = json.loads(_memory_path(landing, file_name).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if memory["fingerprint"] != fingerprint:
        return None
    landed = LandedFile(**memory["landed"])
    paths = [path for path in (landed.regular_path, landed.irregular_path) if path]
    return landed if all(Path(path).exists() for path in paths) else None


def _remember(landing: Path, landed: LandedFile, fingerprint: list[object]) -> None:
    path = _memory_path(landing, landed.file_name)
    temporary = path.with_suffix(".part")
    temporary.write_text(
        json.dumps({"fingerprint": fingerprint, "landed": asdict(landed)}), "utf-8"
    )
    temporary.replace(path)


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
        rest += chunk
        end = rest.rfind(b"\n") + 1
        if end:
            yield from _without_overlong_beginning(rest[:end])
            rest = rest[end:]
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
    lines = shape.count(b"\n")
    has_only_text = _is_text(content)
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
        text = _replace_what_is_no_text(texts[position])
        irregular.append(IrregularLine(position, text, text.encode("utf-8") != texts[position]))
        texts[position] = blank
    return SplitBlock(b"\n".join(texts) + b"\n", irregular, lines)


def _replace_what_is_no_text(line: bytes) -> str:
    return line.decode("utf-8", "replace").replace("\0", REPLACEMENT).replace("\r", REPLACEMENT)


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@dataclass
class _Separation:
    """Writes the regular copy and the irregular lines of one delivery, block by block.

    Until something irregular turns up, a plain delivery is itself the regular copy and nothing is
    written (`is_copying`).
    """

    path: Path
    fields: int
    is_copying: bool
    regular_file: BinaryIO
    irregular_file: TextIO
    lines: int = 0
    irregular_lines: int = 0
    bytes_seen: int = 0

    def add(self, block: Block) -> None:
        """Take the next block of the delivery."""
        split = self._split(block)
        if not self.is_copying and split.regular is not block.content:
            _copy_beginning(self.path, self.regular_file, self.bytes_seen)
            self.is_copying = True
        if self.is_copying:
            self.regular_file.write(split.regular)
        for line in split.irregular:
            row = {
                "line_number": self.lines + line.position + 1,
                "line_text": line.text,
                "is_replaced": line.is_replaced,
                "is_too_long": block.is_too_long,
            }
            self.irregular_file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.lines += split.lines
        self.irregular_lines += len(split.irregular)
        self.bytes_seen += len(block.content)

    def _split(self, block: Block) -> SplitBlock:
        content = block.content
        if self.bytes_seen == 0 and content.startswith(BYTE_ORDER_MARK):
            content = content[len(BYTE_ORDER_MARK) :]
            if content == b"\n" and block.is_unfinished:
                return SplitBlock(b"", [], 0)  # the mark was all
        if block.is_too_long:
            beginning = IrregularLine(0, _replace_what_is_no_text(content[:-1]), True)
            return SplitBlock(b"\t" * (self.fields - 1) + b"\n", [beginning], 1)
        return split_block(content, self.fields)


def _read_delivery(path: Path, landing: Path, name: DeliveryName, fields: int) -> LandedFile:
    status = path.stat()
    digest = hashlib.sha256()
    is_unfinished = False
    regular_part = landing / f"{path.name}.regular.part"
    irregular_part = landing / f"{path.name}.irregular.part"
    with (
        path.open("rb") as file,
        _open_content(file) as (stream, container),
        regular_part.open("wb") as regular_file,
        irregular_part.open("w", encoding="utf-8") as irregular_file,
    ):
        counted = _CountingReader(stream, digest)
        separation = _Separation(path, fields, container != "plain", regular_file, irregular_file)
        for block in read_blocks(counted):
            separation.add(block)
            is_unfinished = block.is_unfinished
    now = path.stat()
    if (now.st_mtime_ns, now.st_size) != (status.st_mtime_ns, status.st_size):
        raise DeliveryError("the file changed while it was read; build again when it is complete")
    content_sha256 = digest.hexdigest()
    identity = hashlib.sha256(f"{name.delivery}\n{content_sha256}".encode()).hexdigest()
    delivery_id = int(identity[:15], 16)
    landed = landing / f"{path.name}.{delivery_id:x}"
    regular_path = _keep(
        regular_part,
        landed.with_name(f"{landed.name}.regular"),
        separation.is_copying and separation.lines > 0,
    )
    if separation.lines and not separation.is_copying:
        regular_path = path
    irregular_path = _keep(
        irregular_part, landed.with_name(f"{landed.name}.irregular"), separation.irregular_lines > 0
    )
    return LandedFile(
        file_name=path.name,
        delivery=name.delivery,
        event=name.event,
        event_date=name.event_date.isoformat(),
        part=name.part,
        container=container,
        file_bytes=status.st_size,
        content_bytes=counted.bytes_read,
        content_sha256=content_sha256,
        delivery_id=delivery_id,
        lines=separation.lines,
        irregular_lines=separation.irregular_lines,
        is_cut=is_unfinished and counted.bytes_read % CUT_UPLOAD_BYTES == 0,
        modified_ns=status.st_mtime_ns,
        regular_path=str(regular_path) if regular_path else None,
        irregular_path=str(irregular_path) if irregular_path else None,
    )


def _keep(part: Path, final: Path, is_wanted: bool) -> Path | None:
    """Give a finished file its name, or remove it if nobody needs it."""
    if is_wanted:
        return part.replace(final)
    part.unlink()
    return None


def _copy_beginning(path: Path, target: BinaryIO, length: int) -> None:
    with path.open("rb") as source:
        while length > 0 and (chunk := source.read(min(length, BLOCK_BYTES))):
            target.write(chunk)
            length -= len(chunk)


class _CountingReader:
    """Passes a stream on, hashing and counting what goes by."""

    def __init__(self, stream: Readable, digest: hashlib._Hash) -> None:
        self._stream = stream
        self._digest = digest
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        try:
            content = self._stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
            raise DeliveryError(f"the archive cannot be read to its end: {error}") from error
        self._digest.update(content)
        self.bytes_read += len(content)
        return content


@contextmanager
def _open_content(file: io.BufferedReader) -> Iterator[tuple[Readable, str]]:
    """Unpack by what the bytes say, not by what the name says."""
    containers = []
    stream = file
    if file.peek(2)[:2] == b"\x1f\x8b":
        stream = io.BufferedReader(gzip.GzipFile(fileobj=file))
        containers.append("gzip")
    try:
        head = stream.peek(512)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DeliveryError(f"the archive cannot be read to its end: {error}") from error
    if head[257:265] in TAR_MARKS:
        containers.append("tar")
        yield _TarMember(stream), "+".join(containers)
        return
    yield stream, containers[0] if containers else "plain"


class _TarMember:
    """The one file in an archive, read as a stream; no name inside the archive is ever followed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._files = _files_in_tar(stream)
        self._file: Readable | None = None

    def read(self, size: int = -1) -> bytes:
        if self._file is None:
            self._file = next(self._files, None)
            if self._file is None:
                raise DeliveryError("the archive holds no file")
        content = self._file.read(size)
        if not content:
            if next(self._files, None) is not None:
                raise DeliveryError("the archive holds several files; a delivery is one")
            while self._stream.read(BLOCK_BYTES):
                pass  # to the end, so that a checksum there is verified
        return content


def _files_in_tar(stream: BinaryIO) -> Iterator[Readable]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            if file is not None:
                yield file
