"""A disk that is full, folders that cannot be written, a database that somebody has open."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, QUICK_MODELS, WITHOUT_UNIT_TESTS, Warehouse, run_dbt
from deliveries.contents import contents_of
from music_box import readiness
from music_box.readiness import WarehouseError, check_names, check_warehouse

VARS = ("--vars", json.dumps(QUICK_MODELS), *WITHOUT_UNIT_TESTS)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own, which only root may mount."""
    folder.mkdir()
    options = f"size={megabytes}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "music_box", folder],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small disk needs root: {mounted.stderr}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path, leave_bytes: int) -> None:
    """Write a file that leaves so much room."""
    with (folder / "filler").open("wb") as file:
        for _ in range(max(0, shutil.disk_usage(folder).free - leave_bytes) // 4096):
            file.write(b"\0" * 4096)


@contextmanager
def opened_elsewhere(database: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the database open for writing."""
    program = (
        "import duckdb, sys, time;"
        f"connection = duckdb.connect({str(database)!r});"
        "print('open', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def test_a_warehouse_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    database = tmp_path / "warehouse" / "music_box.duckdb"
    check_warehouse(database)
    assert list(database.parent.iterdir()) == []
    duckdb.connect(str(database)).close()
    content = database.read_bytes()
    check_warehouse(database)
    assert database.read_bytes() == content


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "warehouse").write_text("no folder")
    with pytest.raises(WarehouseError, match=r"warehouse' cannot be written .*MUSIC_BOX_WAREHOUSE"):
        check_warehouse(tmp_path / "warehouse" / "music_box.duckdb")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "music_box.duckdb").write_bytes(b"these are no tables" * 1000)
    with pytest.raises(WarehouseError, match=r"cannot be opened: .*remove it"):
        check_warehouse(tmp_path / "music_box.duckdb")


def test_whoever_has_the_database_open_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(readiness, "WAITING_SECONDS", (0.01,))
    database = tmp_path / "music_box.duckdb"
    with (
        opened_elsewhere(database) as process,
        pytest.raises(WarehouseError, match=rf"PID {process.pid}\).*Nothing has been changed"),
    ):
        check_warehouse(database)
    assert f"PID {process.pid}" in capsys.readouterr().out
    check_warehouse(database)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(WarehouseError, match=r"cannot be written \(Permission denied\)"):
        check_warehouse(tmp_path / "music_box.duckdb")
    tmp_path.chmod(0o700)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        fill(disk, 10_000)
        with pytest.raises(WarehouseError, match=r"The disk of .* is full\. Free some space"):
            check_warehouse(disk / "music_box.duckdb")


def test_a_file_whose_name_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "20170301_1_play.log").touch()
    (tmp_path / os.fsdecode(b"no_delivery_\xff.log")).touch()
    check_names(tmp_path)
    (tmp_path / os.fsdecode(b"20170301_\xff_play.log")).touch()
    with pytest.raises(WarehouseError, match=r"20170301_\\xff_play.log'.*[Rr]ename"):
        check_names(tmp_path)


def test_one_sentence_tells_before_a_build(tmp_path: Path) -> None:
    (tmp_path / "warehouse").write_text("no folder")
    checked = subprocess.run(
        [sys.executable, "-m", "music_box.readiness"],
        env={
            "PYTHONPATH": str(PROJECT / "python_models"),
            "MUSIC_BOX_WAREHOUSE": str(tmp_path / "warehouse"),
        },
        text=True,
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 1
    (line,) = checked.stderr.splitlines()
    assert "cannot be written" in line


def hinder_by_lock(_: Path, warehouse: Path) -> AbstractContextManager[subprocess.Popen[bytes]]:
    return opened_elsewhere(warehouse / "music_box.duckdb")


@contextmanager
def a_full_disk(_: Path, warehouse: Path) -> Iterator[None]:
    fill(warehouse, 3_000_000)
    yield
    (warehouse / "filler").unlink()


@contextmanager
def no_writing(disk: Path, _: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hinder", "cause", "remedy"),
    [
        (hinder_by_lock, "is open in", "Wait for its end, or stop it"),
        (a_full_disk, "No space left on device", "Free some space"),
        (no_writing, "Read-only file system", "MUSIC_BOX_WAREHOUSE"),
    ],
)
def test_a_build_that_cannot_write_says_why_and_leaves_what_there_was(
    generated_warehouse: tuple[Path, Warehouse],
    hinder: Callable[[Path, Path], AbstractContextManager[object]],
    cause: str,
    remedy: str,
    tmp_path: Path,
) -> None:
    logs, built = generated_warehouse
    # a full disk is full for dbt's own log, too; where it cannot be written, dbt does not start
    elsewhere = {"DBT_LOG_PATH": str(tmp_path), "DBT_TARGET_PATH": str(tmp_path / "target")}
    settings = elsewhere if hinder is no_writing else {}
    with small_disk(tmp_path / "disk", 2_000) as disk:
        warehouse = disk / "warehouse"
        shutil.copytree(built.folder, warehouse, symlinks=True)
        before = {
            database: contents_of(warehouse / database)
            for database in ("music_box.duckdb", "published/music_box.duckdb")
        }
        with hinder(disk, warehouse):
            failed = run_dbt(logs, warehouse, "build", *VARS, settings=settings)
            published = contents_of(warehouse / "published/music_box.duckdb")
        assert failed.return_code != 0
        assert cause in failed.output and remedy in failed.output, failed.output
        # on a full disk dbt ends with a traceback of its own: it cannot write its results either
        assert "Traceback" not in failed.output.split(remedy)[0], failed.output
        assert published == before["published/music_box.duckdb"]
        again = run_dbt(logs, warehouse, "build", *VARS)
        assert again.return_code == 0, again.output
        for database, content in before.items():
            assert contents_of(warehouse / database) == content
