"""Pseudonyms: the same for the same id and key, and nothing to be had without a good key."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import pytest
from music_box.publishing.pseudonyms import (
    KEY_VARIABLE,
    PseudonymError,
    pseudonym_key,
    pseudonyms_of,
)

KEY = "a secret of at least 32 characters"
IDS = [0, 1, 2, 10, 600_000, 2**31, 2**63 - 1]


def pseudonym_of(user_id: int, key: str) -> int:
    """The same by another road: the whole HMAC as one number, of which the first 63 bits stay."""
    code = hmac.new(key.encode(), str(user_id).encode(), hashlib.sha256)
    return int(code.hexdigest(), 16) >> (256 - 63)


def test_a_pseudonym_is_the_beginning_of_the_hmac() -> None:
    found = pseudonyms_of(np.array(IDS), KEY.encode())
    assert found.dtype == np.int64
    assert found.tolist() == [pseudonym_of(user_id, KEY) for user_id in IDS]
    assert (found >= 0).all()


def test_a_pseudonym_depends_on_nobody_else() -> None:
    some, other = (pseudonyms_of(np.array(ids), KEY.encode()) for ids in (IDS, IDS[::-2]))
    assert other.tolist() == some.tolist()[::-2]


def test_nobody_has_no_pseudonym() -> None:
    assert pseudonyms_of(np.array([], dtype=np.int64), KEY.encode()).tolist() == []


def test_another_key_gives_other_pseudonyms() -> None:
    one, other = (set(pseudonyms_of(np.array(IDS), key)) for key in (b"1" * 32, b"2" * 32))
    assert len(one) == len(other) == len(IDS)
    assert not one & other


def test_a_collision_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of real codes nobody can wait for one."""
    monkeypatch.setattr("hmac.digest", lambda _, text, __: bytes(7) + text[-1:])
    assert len(pseudonyms_of(np.array([10, 32, 54]), b"")) == 3
    with pytest.raises(PseudonymError, match="two user ids have the same pseudonym"):
        pseudonyms_of(np.array([10, 32, 20]), b"")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, f"{KEY_VARIABLE} is not set"),
        ({KEY_VARIABLE: ""}, f"{KEY_VARIABLE} is not set"),
        ({KEY_VARIABLE: "s" * 31}, f"{KEY_VARIABLE} has only 31 characters"),
    ],
)
def test_without_a_good_key_one_is_told_how_to_make_one(
    environment: dict[str, str], message: str
) -> None:
    with pytest.raises(PseudonymError, match=message) as error:
        pseudonym_key(environment)
    assert 'python3 -c "import secrets; print(secrets.token_hex(32))"' in str(error.value)
    assert "sss" not in str(error.value)


@pytest.mark.parametrize("key", ["s" * 32, "schlüssel" * 4, "\udcff" * 32])
def test_a_good_key_is_taken_as_it_is(key: str) -> None:
    assert pseudonym_key({KEY_VARIABLE: key}) == key.encode(errors="surrogateescape")
