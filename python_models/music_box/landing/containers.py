"""Plain, compressed or archived files as one stream of bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from music_box.landing.lines import BLOCK_BYTES, Readable

TAR_MARKS = (b"ustar\x0000", b"ustar  \0")  # with the version, since a song may be called "ustar"


class DeliveryError(Exception):
    """A delivery that cannot be read to its end; the message tells its sender why."""


class CountingReader:
    """Passes a stream on, hashing and counting what goes by."""

    def __init__(self, stream: Readable, digest: hashlib._Hash) -> None:
        self._stream = stream
        self._digest = digest
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        """Return at most so many bytes, none at the end."""
        try:
            content = self._stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
            raise DeliveryError(f"the archive cannot be read to its end: {error}") from error
        self._digest.update(content)
        self.bytes_read += len(content)
        return content


@contextmanager
def open_content(file: io.BufferedReader) -> Iterator[tuple[Readable, str]]:
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
