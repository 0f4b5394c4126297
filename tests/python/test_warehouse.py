"""The warehouse's folder: nothing is removed there, or replaced, that builds did not write."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import date
from pathlib import Path

import pytest
from conftest import PROJECT, run_dbt
from music_box.sample_logs.generate import Request, SampleLogsError, generate
from music_box.warehouse import (
    MARKER,
    OWN_NAMES,
    SAMPLE_LOGS_MARKER,
    SAMPLE_LOGS_NOTICE,
    WarehouseFolderError,
    begin,
    check_logs_lie_apart,
    clean,
    remove_copies,
    remove_landed,
)

DELIVERY = "20170330_1_play.log"
COPY = "0123456789abcdef0123456789abcdef"


def write(*paths: Path) -> None:
    """Files with some content."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("content")


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


# --- where logs may lie -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place", [".", "landing", "published", "published_copies/x", "target", "logs", "report", ".."]
)
def test_logs_and_working_folders_must_lie_apart(tmp_path: Path, place: str) -> None:
    warehouse = tmp_path / "ware 'house"
    logs = warehouse / place
    logs.mkdir(parents=True, exist_ok=True)
    with pytest.raises(WarehouseFolderError, match=r"RAW_LOGS.*Nothing has been changed\. Move"):
        check_logs_lie_apart(logs, warehouse)


def test_a_link_to_a_working_folder_is_that_folder(tmp_path: Path) -> None:
    landing = tmp_path / "warehouse" / "landing"
    landing.mkdir(parents=True)
    link = tmp_path / "player_logs"
    link.symlink_to(landing)
    with pytest.raises(WarehouseFolderError, match="are the same folder"):
        check_logs_lie_apart(link, tmp_path / "warehouse")


@pytest.mark.parametrize("place", ["warehouse/sample_logs", "warehouse/my logs", "logs", "landing"])
def test_other_places_are_fine(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    check_logs_lie_apart(tmp_path / place, tmp_path / "warehouse")


def test_dbt_refuses_logs_in_its_landing_folder(tmp_path: Path) -> None:
    """What `dbt build` said nothing about: it removed raw deliveries."""
    logs = tmp_path / "warehouse" / "landing"
    write(logs / DELIVERY)
    refused = run_dbt(logs, tmp_path / "warehouse", "build", "--select", "landed_files")
    assert refused.return_code != 0
    assert f"RAW_LOGS, '{logs}', and" in " ".join(refused.output.split())
    assert "Traceback" not in refused.output
    assert files_in(logs) == {DELIVERY}


# --- a folder becomes a warehouse ---------------------------------------------------------------


def test_a_new_folder_becomes_a_warehouse(tmp_path: Path) -> None:
    begin(tmp_path / "a new one")
    begin(tmp_path / "a new one")
    assert files_in(tmp_path / "a new one") == {MARKER}


def test_what_dbt_writes_first_is_no_obstacle(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "dbt.log", tmp_path / "target" / "partial_parse.msgpack")
    write(tmp_path / "sample_logs" / DELIVERY, tmp_path / "raw" / DELIVERY)
    begin(tmp_path)
    assert (tmp_path / MARKER).exists()


def test_a_warehouse_of_an_earlier_version_is_one(tmp_path: Path) -> None:
    write(tmp_path / "music_box.duckdb", tmp_path / "landing" / "x", tmp_path / "docs" / "x")
    begin(tmp_path)
    assert (tmp_path / MARKER).exists()


@pytest.mark.parametrize("name", ["docs/notes.md", "logs/server.log", "target/thesis.tex", "bench"])
def test_a_folder_with_names_of_ours_is_no_warehouse(tmp_path: Path, name: str) -> None:
    write(tmp_path / name)
    with pytest.raises(
        WarehouseFolderError, match=rf"and holds {name.split('/', maxsplit=1)[0]},.*Name a new"
    ):
        begin(tmp_path)
    assert files_in(tmp_path) == {name}


# --- removing -----------------------------------------------------------------------------------


def test_landing_removes_its_own_names_alone(tmp_path: Path) -> None:
    own = [f"{DELIVERY}.landed.json", f"{DELIVERY}.1f.regular", f"{DELIVERY}.irregular.part"]
    write(*(tmp_path / name for name in [*own, DELIVERY, "notes.txt", "20170331_1_play.log.gz"]))
    remove_landed(tmp_path, kept={own[1]})
    assert files_in(tmp_path) == {own[1], DELIVERY, "notes.txt", "20170331_1_play.log.gz"}


def test_only_copies_are_removed(tmp_path: Path) -> None:
    kept = COPY[::-1]
    for name in (COPY, kept):
        write(tmp_path / name / "music_box.duckdb", tmp_path / name / "songs.parquet")
    write(tmp_path / COPY / "my notes.txt", tmp_path / "backup" / "music_box.duckdb")
    (tmp_path / "link").symlink_to(kept)
    remove_copies(tmp_path, kept={kept})
    assert files_in(tmp_path) == {
        f"{COPY}/my notes.txt",
        "backup/music_box.duckdb",
        f"{kept}/music_box.duckdb",
        f"{kept}/songs.parquet",
    }


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A warehouse with all that builds write, and with what users put beside it."""
    warehouse = tmp_path / 'my "ware\'s" house é'
    begin(warehouse)
    copy = warehouse / "published_copies" / COPY
    write(
        *(warehouse / name for name in ("music_box.duckdb", "forgotten_users.sha256")),
        copy / "music_box.duckdb",
        copy / "user_features.parquet",
        copy / "served_logs.json",
        warehouse / "landing" / f"{DELIVERY}.landed.json",
        warehouse / "target" / "compiled" / "models" / "x.sql",
        warehouse / "logs" / "dbt.log",
        warehouse / "report" / "index.html",
        warehouse / "docs" / "index.html",
    )
    (warehouse / "published").symlink_to(copy.relative_to(warehouse))
    samples = warehouse / "sample_logs"
    write(samples / DELIVERY, samples / SAMPLE_LOGS_NOTICE)
    (samples / SAMPLE_LOGS_MARKER).write_text(
        json.dumps({"files": {DELIVERY: 7, SAMPLE_LOGS_NOTICE: 7, "../../escaped": 1}})
    )
    write(tmp_path / "escaped")
    return warehouse


def test_clean_removes_all_that_builds_wrote(used: Path) -> None:
    assert clean(used) == []
    assert not used.exists()
    assert files_in(used.parent) == {"escaped"}


def test_clean_leaves_what_builds_did_not_write(used: Path, tmp_path: Path) -> None:
    """Logs in the warehouse, beside sample logs, behind links; notes beside the page."""
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / DELIVERY)
    (used / "spark").symlink_to(elsewhere)
    theirs = {
        f"raw_logs/{DELIVERY}",
        "sample_logs/20170331_1_play.log",
        "landing/20170331_1_play.log",
        "report/notes.txt",
        "published_copies/backup/music_box.duckdb",
    }
    write(*(used / name for name in theirs))
    left = clean(used)
    assert files_in(used) == {*theirs, MARKER}
    assert {path.name for path in left} == {"spark", *(name.split("/")[0] for name in theirs)}
    assert files_in(elsewhere) == {DELIVERY}


def test_clean_refuses_a_folder_without_the_marker(tmp_path: Path) -> None:
    write(*(tmp_path / name / "x" for name in OWN_NAMES))
    before = files_in(tmp_path)
    with pytest.raises(WarehouseFolderError, match="Nothing has been removed"):
        clean(tmp_path)
    assert files_in(tmp_path) == before
    assert clean(tmp_path / "nowhere") == []


def test_the_generator_replaces_only_what_it_wrote(tmp_path: Path) -> None:
    first = Request(100, 1, date(2017, 5, 11), date(2017, 5, 12), truth=False)
    generate(tmp_path / "logs", first)
    write(tmp_path / "logs" / "20170513_1_play.log")
    second = Request(100, 2, first.first_date, first.last_date, truth=False)
    with pytest.raises(SampleLogsError, match=r"20170513_1_play\.log"):
        generate(tmp_path / "logs", second)
    (tmp_path / "logs" / "20170513_1_play.log").unlink()
    write(tmp_path / "logs_truth" / "thesis.txt")
    with pytest.raises(SampleLogsError, match="logs_truth holds files"):
        generate(tmp_path / "logs", Request(100, 2, date(2017, 4, 1), first.last_date, truth=True))
    assert generate(tmp_path / "logs", second)


# --- make ---------------------------------------------------------------------------------------


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make as a user does."""
    inherited = {key: value for key, value in os.environ.items() if key != "RAW_LOGS"}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=PROJECT,
        env=inherited | variables,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def test_make_clean_takes_a_name_by_the_letter(used: Path) -> None:
    """A blank once removed the neighboring folder, and the project's own warehouse."""
    neighbor = used.parent / "my"
    write(neighbor / "data", used / "raw" / DELIVERY)
    cleaned = make("clean", MUSIC_BOX_WAREHOUSE=str(used))
    assert cleaned.returncode == 0, cleaned.stdout
    assert f"left alone, not written by this project: {used / 'raw'}" in cleaned.stdout
    assert files_in(used) == {MARKER, f"raw/{DELIVERY}"}
    assert files_in(neighbor) == {"data"}


@pytest.mark.parametrize(
    "target",
    ["build", "report", "docs", "test-spark", "test-faults", "compare", "bench", "clean"],
)
def test_recipes_hand_the_folder_on_in_quotes(target: str, tmp_path: Path) -> None:
    """The shell sees no path of the user's: recipes name the variable, in double quotes."""
    warehouse = tmp_path / 'my "ware\'s" house é'
    shown = make("--dry-run", target, MUSIC_BOX_WAREHOUSE=str(warehouse))
    assert shown.returncode == 0, shown.stdout
    assert str(warehouse) not in shown.stdout
    assert "house" not in shown.stdout.replace("WAREHOUSE", "").replace("music_box.warehouse", "")
    for line in shown.stdout.splitlines():
        quoted = line.count('"$MUSIC_BOX_WAREHOUSE') + line.count("open $MUSIC_BOX_WAREHOUSE")
        assert line.count("$MUSIC_BOX_WAREHOUSE") == quoted
