"""Users to be forgotten: known by a keyed hash of their id, and left out where files are landed.

    python -m music_box.forgetting 1234567

prints the hash of an id, a row of the seed `forgotten_users`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from music_box.errors import UserError
from music_box.warehouse import remove_landed

KEY_VARIABLE = "MUSIC_BOX_FORGET_KEY"
SHORTEST_KEY = 32
# A user id is a number of 64 bits.
LONGEST_ID = 19
# What was forgotten when the warehouse was begun.
MARKER = "forgotten_users.sha256"


class ForgetError(UserError):
    """Users that cannot be forgotten; the message says why, and never shows a key or an id."""


def forget_key(environment: Mapping[str, str]) -> bytes:
    """Read the secret key from the environment.

    Parameters
    ----------
    environment
        Environment variables, of which `MUSIC_BOX_FORGET_KEY` is the key.

    Raises
    ------
    ForgetError
        If there is no key, or one of fewer than 32 characters: few enough numbers are user ids that
        whoever knows the key finds the id of every hash by trying.
    """
    key = environment.get(KEY_VARIABLE, "")
    if len(key) < SHORTEST_KEY:
        found = f"has only {len(key)} characters" if key else "is not set"
        raise ForgetError(
            f"forgotten_users names users by hashes, but the environment variable {KEY_VARIABLE} "
            f"{found}: set it to the secret of at least {SHORTEST_KEY} characters that the hashes "
            "were made with. To make one: "
            'python3 -c "import secrets; print(secrets.token_hex(32))"'
        )
    return key.encode(errors="surrogateescape")


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


def forgotten_users(hashes: Iterable[str], environment: Mapping[str, str]) -> Forgotten | None:
    """The users whose hashes these are; None, and no key is needed, where there are none.

    Raises
    ------
    ForgetError
        As `forget_key` does.
    """
    wanted = list(hashes)
    return Forgotten(wanted, forget_key(environment)) if wanted else None


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
    """Print the hashes of ids."""
    ids = sys.argv[1:]
    if not ids or not all(user_id.isdecimal() for user_id in ids):
        sys.exit("Give user ids, as they stand in the logs: python -m music_box.forgetting 1234567")
    try:
        key = forget_key(os.environ)
    except ForgetError as error:
        sys.exit(str(error))
    for user_id in ids:
        print(user_hash(b"%d" % int(user_id), key))


if __name__ == "__main__":
    main()
