"""Users to be forgotten: known by a keyed hash of their id, and left out where files are landed.

    python -m music_box.forgetting 1234567

prints a row of the seed `forgotten_users`: the hash of the id, and a check value of the key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from music_box.errors import UserError
from music_box.keys import secret_key
from music_box.warehouse import remove_landed

KEY_VARIABLE = "MUSIC_BOX_FORGET_KEY"
SEED = "seeds/forgotten_users.csv"
HASH_DIGITS, CHECK_DIGITS = 64, 16
# A user id is a number of 64 bits.
LONGEST_ID = 19
# What was forgotten when the warehouse was begun.
MARKER = "forgotten_users.sha256"


class ForgetError(UserError):
    """Users that cannot be forgotten; the message says why, and never shows a key or an id."""


def forget_key(environment: Mapping[str, str]) -> bytes:
    """Read the secret key from the environment.

    Few enough numbers are user ids that the key and a hash give the id, by trying.

    Raises
    ------
    ForgetError
        If there is no key, or one of fewer than 32 characters.
    """
    why = f"{SEED} names users by hashes"
    return secret_key(environment, KEY_VARIABLE, why, ForgetError)


def key_check(key: bytes) -> str:
    """A value that tells two keys apart and gives none of them away: 16 hexadecimal digits."""
    return hmac.digest(key, b"check value of the key", "sha256").hex()[:CHECK_DIGITS]


def user_hash(user_id: bytes, key: bytes) -> str:
    """HMAC-SHA256 of an id's decimal digits, as 64 hexadecimal digits."""
    return hmac.digest(key, user_id, "sha256").hex()


class Forgotten:
    """The users of the seed, recognised in raw lines.

    Parameters
    ----------
    hashes
        `user_hash` of each of them.
    key
        The key of the hashes.
    """

    def __init__(self, hashes: Iterable[str], key: bytes) -> None:
        self._hashes = frozenset(hashes)
        self._key = key
        self._answers: dict[bytes, bool] = {}

    @property
    def digest(self) -> str:
        """Another one where other users are forgotten."""
        return digest_of(self._hashes)

    def holds(self, user_id: bytes) -> bool:
        """Whether this is one of them; what is no id is nobody's."""
        answer = self._answers.get(user_id)
        if answer is None:
            if not user_id.isdigit() or len(user_id) > LONGEST_ID:
                return False
            number = b"%d" % int(user_id)
            answer = self._answers[user_id] = user_hash(number, self._key) in self._hashes
        return answer

    def leave_out(self, content: bytes) -> tuple[bytes, set[int]]:
        r"""Empty the lines of these users.

        Parameters
        ----------
        content
            Whole lines, each ending in a newline; the id is the first field that is not empty.

        Returns
        -------
        bytes, set of int
            As many lines as before; places of the emptied ones, from 0.
        """
        lines = content.split(b"\n")
        places = {
            place
            for place, line in enumerate(lines)
            if self.holds(line.lstrip(b"\t").split(b"\t", 1)[0].rstrip(b"\r"))
        }
        if not places:
            return content, places
        return b"\n".join(
            b"" if place in places else line for place, line in enumerate(lines)
        ), places


def forgotten_users(
    rows: Iterable[Mapping[str, str]], environment: Mapping[str, str]
) -> Forgotten | None:
    """The users of the seed; None, and no key is needed, where there are none.

    Parameters
    ----------
    rows
        Rows of the seed in their order, with `user_hash` and `key_check`.
    environment
        Environment variables.

    Raises
    ------
    ForgetError
        As `forget_key` does; if a hash is none, or was made with another key.
    """
    wanted = list(rows)
    if not wanted:
        return None
    key = forget_key(environment)
    for number, row in enumerate(wanted, start=1):
        digits = {"user_hash": HASH_DIGITS, "key_check": CHECK_DIGITS}
        for column, length in digits.items():
            if not re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", row[column] or ""):
                raise ForgetError(
                    f"{SEED}, row {number}: {column} is not {length} hexadecimal digits. Write the"
                    " whole row that `python -m music_box.forgetting <user id>` prints."
                )
        if row["key_check"].lower() != key_check(key):
            raise ForgetError(
                f"{SEED}, row {number}: the hash was made with another key than the one that"
                f" {KEY_VARIABLE} holds now, so that the user would not be recognized. Nothing has"
                " been read. Set the key that the hashes were made with, or make all hashes anew"
                " with `python -m music_box.forgetting <user id>`."
            )
    return Forgotten((row["user_hash"].lower() for row in wanted), key)


def digest_of(hashes: Iterable[str]) -> str:
    """SHA-256 of a set of hashes."""
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def start_anew(database: Path, hashes: Iterable[str]) -> bool:
    """Delete what was built while other users were forgotten.

    Deleted rows would stay in the bytes of a database file, and so do lines in landed copies. All
    of it is made from the deliveries, and is made again.

    Parameters
    ----------
    database
        The working database, in the warehouse's folder.
    hashes
        Of the users who are to be forgotten.

    Returns
    -------
    bool
        Whether there was something to delete.

    Raises
    ------
    duckdb.Error
        If another program has the database open.
    """
    warehouse = database.parent
    marker = warehouse / MARKER
    digest = digest_of(hashes)
    before = marker.read_text("utf-8") if marker.exists() else digest_of([])
    if digest == before:
        return False
    is_there = database.exists()
    if is_there:
        # whoever else has it open is in the way, and is named
        duckdb.connect(str(database)).close()
    database.unlink(missing_ok=True)
    database.with_name(f"{database.name}.wal").unlink(missing_ok=True)
    remove_landed(warehouse / "landing")
    warehouse.mkdir(parents=True, exist_ok=True)
    marker.write_text(digest, "utf-8")
    return is_there


def main() -> None:
    """Print rows of the seed for ids."""
    ids = sys.argv[1:]
    if not ids or not all(user_id.isdecimal() for user_id in ids):
        sys.exit("Give user ids, as they stand in the logs: python -m music_box.forgetting 1234567")
    try:
        key = forget_key(os.environ)
    except ForgetError as error:
        sys.exit(str(error))
    for user_id in ids:
        print(f"{user_hash(b'%d' % int(user_id), key)},{key_check(key)}")


if __name__ == "__main__":
    main()
