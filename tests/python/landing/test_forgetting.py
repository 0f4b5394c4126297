"""Users to be forgotten: recognised by a keyed hash, gone from whatever landing keeps."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT
from music_box.forgetting import (
    KEY_VARIABLE,
    ForgetError,
    Forgotten,
    forgotten_users,
    start_anew,
)

from landing.conftest import Deliveries, IrregularLine, irregular_lines, regular_lines

KEY = "a secret that is long enough to be one"
NAME = "20170330_1_down.log"


def hash_of(user_id: int) -> str:
    """The hash by its definition."""
    return hmac.new(KEY.encode(), str(user_id).encode(), hashlib.sha256).hexdigest()


def check_of(key: str) -> str:
    """The check value by its definition."""
    return hmac.new(key.encode(), b"check value of the key", hashlib.sha256).hexdigest()[:16]


def row_of(user_id: int) -> dict[str, str]:
    """A row of the seed."""
    return {"user_hash": hash_of(user_id), "key_check": check_of(KEY)}


def forgotten(*user_ids: int) -> Forgotten | None:
    """These users."""
    return forgotten_users([row_of(user_id) for user_id in user_ids], {KEY_VARIABLE: KEY})


def record(user_id: object) -> bytes:
    """A line of a download."""
    return f"{user_id}\tar\t42\tname\tsinger\t0\n".encode()


@pytest.mark.parametrize(
    "line",
    [
        record(1234567),
        record("01234567"),
        record("\t\t1234567"),
        b"1234567\tar\t42\tthe first half of a na\n",
        b"1234567\r\n",
        b"1234567\tar\t42\t\xff\xfe\tsinger\t0\n",
        b"1234567\tar\t42\t" + b"x" * 2**20 + b"\tsinger\t0\n",
    ],
)
def test_of_a_line_of_a_forgotten_user_only_its_number_is_kept(
    deliveries: Deliveries, line: bytes
) -> None:
    deliveries.write(NAME, record(1) + line + record(12345678))

    landed = deliveries.land(forgotten(1234567))[NAME]

    regular = regular_lines(landed)
    assert (regular[0], regular[2]) == (record(1)[:-1], record(12345678)[:-1])
    assert (len(regular), landed["lines"]) == (3, 3)
    (irregular,) = irregular_lines(landed)
    assert (irregular.line_number, irregular.line_text) == (2, "")
    assert irregular.is_forgotten
    for path in deliveries.landing.iterdir():
        assert b"1234567\t" not in path.read_bytes().replace(record(12345678), b"")


def test_lines_of_others_land_as_ever(deliveries: Deliveries) -> None:
    deliveries.write(NAME, record(1) + b"1\tx\n" + b"not 7\n" + record(2))

    landed = deliveries.land(forgotten(7))[NAME]

    assert [line.line_number for line in irregular_lines(landed)] == [2, 3]
    assert irregular_lines(landed)[0] == IrregularLine(2, "1\tx")


def test_a_file_is_read_again_when_other_users_are_to_be_forgotten(deliveries: Deliveries) -> None:
    deliveries.write(NAME, record(1) + record(2))
    deliveries.land(forgotten(1))

    landed = deliveries.land(forgotten(2))[NAME]

    assert [line.line_number for line in irregular_lines(landed)] == [2]
    assert irregular_lines(deliveries.land()[NAME]) == []


@pytest.mark.parametrize("key", [None, "too short"])
def test_without_the_key_nobody_can_be_forgotten_and_the_message_says_so(key: str | None) -> None:
    environment = {} if key is None else {KEY_VARIABLE: key}
    with pytest.raises(ForgetError, match=KEY_VARIABLE):
        forgotten_users([row_of(7)], environment)
    assert forgotten_users([], environment) is None


def test_a_hash_is_printed_for_an_id() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "music_box.forgetting", "7", "007"],
        env={KEY_VARIABLE: KEY, "PYTHONPATH": str(PROJECT / "python_models")},
        text=True,
        capture_output=True,
        check=True,
    )
    assert printed.stdout.splitlines() == [f"{hash_of(7)},{check_of(KEY)}"] * 2


def test_blanks_around_a_key_do_not_count() -> None:
    users = forgotten_users([row_of(7)], {KEY_VARIABLE: f" {KEY}\r\n"})
    assert users is not None
    assert users.holds(b"7")


def test_hashes_are_recognized_in_capitals() -> None:
    row = {column: value.upper() for column, value in row_of(7).items()}
    users = forgotten_users([row], {KEY_VARIABLE: KEY})
    assert users is not None
    assert users.holds(b"7")


def test_a_hash_of_another_key_is_an_error() -> None:
    """The user would not be recognized, and their lines would be staged."""
    other = {KEY_VARIABLE: "another secret that is long enough"}
    with pytest.raises(ForgetError, match="row 2: the hash was made with another key") as refusal:
        forgotten_users(
            [row_of(7) | {"key_check": check_of(other[KEY_VARIABLE])}, row_of(8)], other
        )
    assert KEY not in str(refusal.value)
    assert other[KEY_VARIABLE] not in str(refusal.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"user_hash": hash_of(7)[:-1], "key_check": check_of(KEY)}, "user_hash is not 64 hex"),
        ({"user_hash": "1234567", "key_check": check_of(KEY)}, "user_hash is not 64 hex"),
        ({"user_hash": hash_of(7) + " ", "key_check": check_of(KEY)}, "user_hash is not 64 hex"),
        ({"user_hash": hash_of(7), "key_check": ""}, "key_check is not 16 hex"),
    ],
)
def test_what_is_no_hash_is_an_error(row: dict[str, str], said: str) -> None:
    with pytest.raises(ForgetError, match=f"row 1: {said}"):
        forgotten_users([row], {KEY_VARIABLE: KEY})


def test_a_warehouse_is_begun_anew_where_other_users_are_forgotten(tmp_path: Path) -> None:
    database = tmp_path / "warehouse" / "music_box.duckdb"
    assert not start_anew(database, [hash_of(7)])  # nothing to delete yet

    def build() -> None:
        duckdb.connect(str(database)).close()
        (database.parent / "landing").mkdir()

    build()
    assert not start_anew(database, [hash_of(7)])
    assert database.exists()
    assert start_anew(database, [hash_of(8), hash_of(7)])
    assert not database.exists()
    assert not (database.parent / "landing").exists()
    build()
    assert not start_anew(database, [hash_of(7), hash_of(8)])
    assert start_anew(database, [])


def test_nothing_is_deleted_while_somebody_else_has_the_database_open(tmp_path: Path) -> None:
    database = tmp_path / "music_box.duckdb"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import duckdb; _ = duckdb.connect({str(database)!r}); print(1, flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "1\n"
        with pytest.raises(duckdb.IOException, match="lock"):
            start_anew(database, [hash_of(7)])
        assert database.exists()
    finally:
        holder.communicate("\n")
