"""Pseudonyms: numbers that stand for user ids, and lead back to them only with the key."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from music_box.errors import UserError
from music_box.keys import secret_key

KEY_VARIABLE = "MUSIC_BOX_PSEUDONYM_KEY"


class PseudonymError(UserError):
    """Pseudonyms that cannot be given; the message says why, and never shows a key or an id."""


def pseudonym_key(environment: Mapping[str, str]) -> bytes:
    """Read the secret key from the environment.

    Parameters
    ----------
    environment
        Environment variables, of which `MUSIC_BOX_PSEUDONYM_KEY` is the key.

    Returns
    -------
    bytes
        The key. Another key gives other pseudonyms.

    Raises
    ------
    PseudonymError
        If there is no key, or one of fewer than 32 characters, which could be guessed.
    """
    return secret_key(environment, KEY_VARIABLE, "pseudonymous_user_ids is true", PseudonymError)


def pseudonyms_of(user_ids: NDArray[np.int64], key: bytes) -> NDArray[np.int64]:
    """Pseudonyms of distinct user ids: the first 63 bits of HMAC-SHA256 over the decimal digits.

    Parameters
    ----------
    user_ids
        Distinct ids, of shape (users,).
    key
        The secret key.

    Returns
    -------
    ndarray
        Pseudonyms ≥ 0 in the order of the ids, of shape (users,): the same for the same id and key.

    Raises
    ------
    PseudonymError
        If two ids get the same pseudonym: about once in 50 million builds with 600,000 users.
    """
    digests = (hmac.digest(key, b"%d" % user_id, "sha256")[:8] for user_id in user_ids.tolist())
    pseudonyms = (np.frombuffer(b"".join(digests), dtype=">u8") >> 1).astype(np.int64)
    if len(np.unique(pseudonyms)) < len(user_ids):
        raise PseudonymError(
            "two user ids have the same pseudonym, and their rows would become one user's: "
            f"set {KEY_VARIABLE} to another key"
        )
    return pseudonyms
