"""The dbt model behind the copy, with a stand-in for dbt: when it publishes, and with which key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from music_box.publishing.pseudonyms import KEY_VARIABLE, PseudonymError
from published import published_copy

from publishing.test_pseudonyms import KEY, pseudonym_of

# dbt models have no types
model: Callable[[Any, Any], Any] = published_copy.model
Run = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def _nothing_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a copy must hold is asked of whole marts, in `test_replacing.py`."""
    monkeypatch.setattr("music_box.publishing.copies.check_content", lambda *_: None)


@pytest.fixture
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a working database in which every public table holds user 7."""
    with duckdb.connect() as connection:

        def make(name: str) -> None:
            connection.execute(f"create table {name} as select 7::bigint as user_id")

        model(fake_dbt(Path("nowhere"), is_pseudonymous=False, ref=make), connection)
        yield connection


def fake_dbt(folder: Path, *, is_pseudonymous: bool, ref: Callable[[str], None]) -> Any:
    """As much of dbt as the model uses."""
    meta = {
        "folder": str(folder),
        "pseudonymous_user_ids": is_pseudonymous,
        "raw_logs": "nowhere",
        "generated_logs_marker": "GENERATED.txt",
        "least_kept_share": "0.5",
    }
    return SimpleNamespace(config=SimpleNamespace(get={"meta": meta}.get), ref=ref)


@pytest.fixture
def run(session: duckdb.DuckDBPyConnection, tmp_path: Path) -> Run:
    """Run the model; returns its rows."""

    def rows(*, is_pseudonymous: bool) -> list[tuple[Any, ...]]:
        dbt = fake_dbt(tmp_path / "published", is_pseudonymous=is_pseudonymous, ref=lambda _: None)
        found: list[tuple[Any, ...]] = model(dbt, session).fetchall()
        return found

    return rows


def published_users(folder: Path) -> set[int]:
    """Users in one of the published tables."""
    rows = duckdb.read_parquet(str(folder / "published" / "user_features.parquet")).fetchall()
    return {user_id for (user_id,) in rows}


@pytest.mark.parametrize("statement", ["select 1", "set variable is_whole_build = false"])
def test_unless_it_is_told_that_the_build_is_whole_nothing_is_published(
    session: duckdb.DuckDBPyConnection, run: Run, tmp_path: Path, statement: str
) -> None:
    session.execute(statement)
    assert run(is_pseudonymous=True) == []
    assert not (tmp_path / "published").exists()


def test_by_default_ids_are_published_as_they_are(
    session: duckdb.DuckDBPyConnection, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a key is lying about."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    session.execute("set variable is_whole_build = true")
    assert ("main", "user_features", 1) in run(is_pseudonymous=False)
    assert published_users(tmp_path) == {7}


def test_pseudonyms_are_made_with_the_key_of_the_environment(
    session: duckdb.DuckDBPyConnection, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    session.execute("set variable is_whole_build = true")
    assert ("main", "user_features", 1) in run(is_pseudonymous=True)
    assert published_users(tmp_path) == {pseudonym_of(7, KEY)}


@pytest.mark.parametrize("key", [None, "too short"])
def test_without_a_good_key_nothing_is_written(
    session: duckdb.DuckDBPyConnection,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: str | None,
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    if key:
        monkeypatch.setenv(KEY_VARIABLE, key)
    session.execute("set variable is_whole_build = true")
    with pytest.raises(PseudonymError, match=KEY_VARIABLE):
        run(is_pseudonymous=True)
    assert not (tmp_path / "published").exists()
