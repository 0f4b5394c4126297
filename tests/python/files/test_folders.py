"""Folders that hold more than the project's own files: what is deleted, and what refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, run_dbt
from music_box.landing import land_folder
from music_box.publishing.copies import PublishingError, publish
from music_box.report_page.page import write_page
from music_box.report_page.published import ReportError
from music_box.sample_logs.generate import Request, SampleLogsError, generate
from music_box.warehouse import (
    MARKER,
    WORKING_FOLDERS,
    WarehouseFolderError,
    begin,
    check_logs_lie_apart,
    claim,
    clean,
)

PATTERN = r"^([0-9]{8})(?:_(.+))?_(play|down|search)\.log(\.tar\.gz|\.gz)?$"
FIELDS = {"down": ["uid", "device", "song_id", "song_name", "singer", "paid_flag"]}
DELIVERY = "20170401_1_down.log"
LINE = "7\tar\t1\ta song\ta singer\t0\n"


def deliver(folder: Path) -> Path:
    """A folder with one delivery."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DELIVERY).write_text(LINE)
    return folder


def everything(folder: Path) -> set[str]:
    """Paths of all that a folder holds."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("place", WORKING_FOLDERS)
def test_no_working_folder_holds_logs(tmp_path: Path, place: str) -> None:
    with pytest.raises(WarehouseFolderError, match=r"Nothing has been changed\. Move"):
        check_logs_lie_apart(tmp_path / place / "own", tmp_path)


def test_a_working_folder_that_is_a_link_leads_to_no_logs(tmp_path: Path) -> None:
    logs = deliver(tmp_path / "logs")
    (tmp_path / "warehouse").mkdir()
    (tmp_path / "warehouse" / "spark").symlink_to(logs)
    with pytest.raises(WarehouseFolderError, match="spark'"):
        check_logs_lie_apart(logs, tmp_path / "warehouse")


@pytest.mark.parametrize("variable", ["DBT_TARGET_PATH", "DBT_LOG_PATH"])
def test_dbt_writes_to_no_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere" / "dbt"))
    with pytest.raises(WarehouseFolderError, match="elsewhere/dbt'"):
        check_logs_lie_apart(tmp_path / "elsewhere", tmp_path / "warehouse")


@pytest.mark.parametrize("arguments", [("build",), ("build", "--selector", "daily")])
def test_sample_logs_that_lead_to_a_working_folder_are_refused(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Without RAW_LOGS, too."""
    warehouse = tmp_path / "warehouse"
    landing = deliver(warehouse / "landing")
    (warehouse / "sample_logs").symlink_to(landing)

    refused = run_dbt(Path(), warehouse, *arguments, settings={"RAW_LOGS": ""})

    assert refused.return_code == 2
    assert "are the same folder" in refused.output
    assert "Traceback" not in refused.output
    assert everything(landing) == {DELIVERY}
    assert not (warehouse / "music_box.duckdb").exists()


def test_landing_refuses_by_itself(tmp_path: Path) -> None:
    """On clusters no other check may have been made."""
    logs = deliver(tmp_path / "logs")
    with pytest.raises(WarehouseFolderError):
        land_folder(logs, logs, PATTERN, FIELDS)
    assert everything(logs) == {DELIVERY}


def tables() -> duckdb.DuckDBPyConnection:
    """A working database of one table."""
    connection = duckdb.connect()
    connection.execute("create schema reports; create table reports.songs as select 1 as song_id")
    return connection


def test_a_link_of_somebody_else_in_the_place_of_the_published_one_stays(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "published").symlink_to(tmp_path / "shared")
    with pytest.raises(PublishingError, match="holds something else; move it away"):
        publish(tables(), ["songs"], tmp_path / "published")
    assert (tmp_path / "published").readlink() == tmp_path / "shared"


def test_a_page_replaces_pages_alone(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>My garden</title>")
    with pytest.raises(ReportError, match="no report page and would be overwritten"):
        write_page(tmp_path / "music_box.duckdb", tmp_path / "index.html")
    assert (tmp_path / "index.html").read_text() == "<title>My garden</title>"


def request(seed: int) -> Request:
    """Few users for few days."""
    return Request(100, seed, date(2017, 4, 1), date(2017, 4, 17), truth=True)


@pytest.mark.parametrize("added", [".logs.partial/thesis.txt", ".logs.partial_truth/thesis.txt"])
def test_the_generator_empties_unfinished_folders_of_its_own_alone(
    tmp_path: Path, added: str
) -> None:
    (tmp_path / added).parent.mkdir()
    (tmp_path / added).write_text("of a user")
    with pytest.raises(SampleLogsError, match="holds files that this generator did not write"):
        generate(tmp_path / "logs", request(1))
    assert (tmp_path / added).exists()


def test_an_interrupted_generator_finds_its_own_files(tmp_path: Path) -> None:
    deliver(tmp_path / ".logs.partial")
    (tmp_path / ".logs.partial" / "GENERATED.txt").touch()
    assert generate(tmp_path / "logs", request(1))
    assert {path.name for path in tmp_path.iterdir()} == {"logs", "logs_truth"}


def test_a_benchmark_takes_an_empty_folder_or_its_own(tmp_path: Path) -> None:
    claim(tmp_path / "bench")
    deliver(tmp_path / "bench" / "raw_logs")
    claim(tmp_path / "bench")
    logs = deliver(tmp_path / "data" / "raw_logs")
    with pytest.raises(SystemExit, match=r"data' is not empty and was not written by this project"):
        claim(logs.parent)
    assert everything(logs.parent) == {"raw_logs", f"raw_logs/{DELIVERY}"}


@pytest.mark.parametrize(
    "program",
    ["tests.spark.parity", "benchmarks.build", "benchmarks.churn", "benchmarks.recommendations"],
)
def test_every_benchmark_asks_for_its_folder(program: str) -> None:
    text = (PROJECT / f"{program.replace('.', '/')}.py").read_text("utf-8")
    assert "claim(" in text[text.index("def main()") :]


def test_checks_and_benchmarks_may_come_before_the_first_build(tmp_path: Path) -> None:
    (tmp_path / "lint").mkdir()
    (tmp_path / "lint" / "manifest.json").touch()
    (tmp_path / "faults.xml").touch()
    claim(tmp_path / "bench")
    begin(tmp_path)
    assert (tmp_path / MARKER).exists()


@pytest.mark.parametrize("name", ["logs", "target", "lint", "bench", "evaluation", "parity"])
def test_clean_leaves_logs_in_folders_with_names_of_the_project(tmp_path: Path, name: str) -> None:
    """A build refuses logs there, but somebody may have put them there."""
    begin(tmp_path)
    deliver(tmp_path / name)
    clean(tmp_path)
    assert everything(tmp_path) == {MARKER, name, f"{name}/{DELIVERY}"}


def test_clean_removes_what_dbt_and_benchmarks_wrote(tmp_path: Path) -> None:
    begin(tmp_path / "warehouse")
    for path in (
        "target/compiled/music_box/a.sql",
        "target/manifest.json",
        "target/osi_document.json",
        "logs/dbt.log",
        "logs/dbt.log.1",
        "lint/manifest.json",
        "lint/dbt.log",
        f"evaluation/{MARKER}",
        "evaluation/60000_2017-03-02_1/logs/a.log",
        ".sample_logs.partial/GENERATED.txt",
        "sample_logs/a.log",
    ):
        (tmp_path / "warehouse" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "warehouse" / path).touch()
    marker = tmp_path / "warehouse" / "sample_logs" / "_sample_logs.json"
    marker.write_text(json.dumps({"files": {"a.log": 0}}))
    assert clean(tmp_path / "warehouse") == []
    assert everything(tmp_path) == set()


def test_clean_leaves_links_of_the_user(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse"
    begin(warehouse)
    for name in ("landing", "sample_logs", "published", "target", "music_box.duckdb"):
        deliver(tmp_path / f"disk_{name}")
        (warehouse / name).symlink_to(tmp_path / f"disk_{name}")
    clean(warehouse)
    assert len(everything(warehouse)) == 6
    assert all(everything(folder) == {DELIVERY} for folder in tmp_path.glob("disk_*"))
