"""Storing a fitted estimator as arrays and text: there is nothing in it that could run.

An artifact is a NumPy archive (.npz) read with `allow_pickle=False`: named arrays, one of them the
UTF-8 text of a JSON object. The same content gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADER = "header"
# What a damaged archive raises; RuntimeError: its members claim to be encrypted.
_UNREADABLE = (
    ValueError,
    KeyError,
    OSError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


class ArtifactError(ValueError):
    """An artifact that must not be used; the message says which and what to do."""


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def pack(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Header (anything JSON can say) and arrays (no objects) as bytes."""
    text = json.dumps(header, sort_keys=True).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, values in {_HEADER: np.frombuffer(text, np.uint8), **arrays}.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.ascontiguousarray(values), allow_pickle=False)
            # a fixed date, so that the same estimator gives the same bytes
            information = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            information.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(information, entry.getvalue())
    return buffer.getvalue()


def unpack(
    content: bytes, expected_sha256: str, name: str
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays of an artifact.

    Raises
    ------
    ArtifactError
        If the bytes are not those that fitting stored, or no archive of plain arrays.
    """
    if sha256(content) != expected_sha256:
        message = (
            f"the artifact of {name} is not the one that was stored (its SHA-256 differs): "
            "it was changed or damaged; fit again (dbt build --selector training)"
        )
        raise ArtifactError(message)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            arrays = {
                # not np.load: it hands out as bytes what is no array
                entry.removesuffix(".npy"): np.lib.format.read_array(
                    io.BytesIO(archive.read(entry)), allow_pickle=False
                )
                for entry in archive.namelist()
            }
        header = json.loads(arrays.pop(_HEADER).tobytes())
    except _UNREADABLE as error:
        message = f"the artifact of {name} cannot be read ({error}): fit again"
        raise ArtifactError(message) from error
    return header, arrays
