"""Artifacts: what was changed is refused by name, and nothing in one ever runs."""

from __future__ import annotations

import hashlib
import io
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from churn import examples
from music_box.artifacts import ArtifactError, pack, sha256, unpack
from music_box.churn.stored import Model

NAMED = r"hand_made, snapshot 2017-04-28"


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


@pytest.fixture(scope="module")
def model() -> Model:
    return examples.trained("logistic_regression")[0]


def stored_as(content: bytes) -> pd.Series:
    """A row whose SHA-256 matches, whatever the content."""
    digest = hashlib.sha256(content).hexdigest()
    return pd.Series(
        {
            "snapshot_date": examples.TRAINING,
            "model_name": "hand_made",
            "artifact": bytearray(content),
            "artifact_sha256": digest,
        }
    )


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return buffer.getvalue()


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def array_file(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=True)
    return buffer.getvalue()


def test_what_is_packed_comes_back() -> None:
    header = {"text": "é", "number": 0.1, "nothing": None, "list": [1, 2]}
    arrays = {"b": np.arange(6.0).reshape(2, 3), "a": np.array([True]), "c": np.zeros(0, np.int16)}
    content = pack(header, arrays)
    assert content == pack(dict(reversed(header.items())), arrays)
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        dates = {member.date_time for member in opened.infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}, "the clock is in the bytes"
    again, values = unpack(content, sha256(content), "some model")
    assert again == header and list(values) == ["b", "a", "c"]
    for name, array in arrays.items():
        np.testing.assert_array_equal(values[name], array)
        assert values[name].dtype == array.dtype


def test_any_changed_byte_is_refused(model: Model) -> None:
    row = examples.row_of(model)
    for position in range(len(row["artifact"])):
        changed = bytearray(row["artifact"])
        changed[position] ^= 1
        with pytest.raises(ArtifactError, match=f"{NAMED} is not the one that was stored"):
            Model.unpack(pd.Series({**row, "artifact": changed}))


@pytest.mark.parametrize("digest", ["", "0" * 64, None])
def test_a_wrong_sha256_is_refused(model: Model, digest: str | None) -> None:
    with pytest.raises(ArtifactError, match=NAMED):
        Model.unpack(examples.row_of(model, artifact_sha256=digest))


def test_packing_refuses_objects() -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        pack({}, {"objects": np.array([Trap(Path("nowhere"))], object)})


def test_a_pickled_array_in_an_archive_is_refused_and_not_run(model: Model, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    array = array_file(np.array([Trap(sprung)], object))
    np.load(io.BytesIO(array), allow_pickle=True)
    assert sprung.exists(), "the trap does not work"
    sprung.unlink()
    content = archive({**members_of(model.pack()), "estimator.coefficients.npy": array})
    with pytest.raises(ArtifactError, match=f"{NAMED} cannot be read"):
        Model.unpack(stored_as(content))
    assert not sprung.exists()


@pytest.mark.parametrize("name", ["estimator.coefficients.npy", "header.npy", "header", "more.npy"])
def test_a_bare_pickle_is_refused_and_not_run(model: Model, tmp_path: Path, name: str) -> None:
    sprung = tmp_path / "sprung"
    bare = pickle.dumps(Trap(sprung))
    for content in (bare, archive({**members_of(model.pack()), name: bare})):
        with pytest.raises(ArtifactError, match=NAMED):
            Model.unpack(stored_as(content))
        assert not sprung.exists()


def test_a_truncated_archive_is_refused(model: Model) -> None:
    content = model.pack()
    for length in range(0, len(content), 7):
        with pytest.raises(ArtifactError, match=NAMED):
            Model.unpack(stored_as(content[:length]))


def test_a_damaged_archive_with_a_matching_sha256_raises_nothing_else(model: Model) -> None:
    content = model.pack()
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 0x40
        # some bytes, such as dates of members, mean nothing
        with suppress(ArtifactError):
            Model.unpack(stored_as(bytes(changed)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        b"text",
        array_file(np.zeros(3)),
        archive({}),
        archive({"header.npy": array_file(np.frombuffer(b"{}", np.uint8))}),
        archive({"header.npy": array_file(np.frombuffer(b"{", np.uint8))}),
        archive({"header.npy": array_file(np.frombuffer(b"[]", np.uint8))}),
    ],
    ids=["empty", "start", "text", "array", "no members", "no kind", "no json", "a list"],
)
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(ArtifactError, match=NAMED):
        Model.unpack(stored_as(content))


def test_an_estimator_of_an_older_form_asks_for_a_new_fit(model: Model) -> None:
    members = members_of(model.pack())
    members["estimator.slopes.npy"] = members.pop("estimator.coefficients.npy")
    with pytest.raises(ArtifactError, match=f"{NAMED} is not of the form used now.*fit again"):
        Model.unpack(stored_as(archive(members)))


def test_a_booster_that_xgboost_cannot_read_is_refused() -> None:
    members = members_of(examples.trained("gradient_boosting")[0].pack())
    members["estimator.booster_0.npy"] = array_file(np.frombuffer(b"{no booster", np.uint8))
    with pytest.raises(ArtifactError, match=f"{NAMED} is not of the form used now"):
        Model.unpack(stored_as(archive(members)))
