"""Every target of the Makefile with paths that hold blanks, quotes, dollars and other letters."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT
from music_box.warehouse import MARKER, begin

ODD = """my "ware's" $HOME `x` #1; house é 歌"""
TARGETS = re.findall(
    r"^([a-z-]+):(?!=)", (PROJECT / "Makefile").read_text("utf-8"), flags=re.MULTILINE
)
# In the place of Python: notes what it is called with, and leaves what `dbt docs` does.
PROGRAM = """#!/usr/bin/env python3
import json, os, pathlib, sys
names = ("MUSIC_BOX_WAREHOUSE", "RAW_LOGS", "DBT_TARGET_PATH", "DBT_LOG_PATH")
call = {"arguments": sys.argv[1:], **{name: os.environ.get(name) for name in names}}
with open(os.environ["CALLS"], "a") as file:
    file.write(json.dumps(call) + "\\n")
if "docs" in sys.argv:
    page = pathlib.Path(os.environ["DBT_TARGET_PATH"]) / "static_index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.touch()
"""


@dataclass
class Project:
    """A copy of the Makefile in a folder with an odd name, beside a warehouse with another one."""

    folder: Path
    warehouse: Path
    logs: Path

    def make(self, *arguments: str, **settings: str) -> list[dict[str, Any]]:
        """Run make; returns the calls of Python."""
        calls = self.folder.parent / "calls"
        calls.write_text("")
        # make hands its own flags down to a make in a test
        known = {name: value for name, value in os.environ.items() if "MAKE" not in name}
        settings = {"MUSIC_BOX_WAREHOUSE": str(self.warehouse), **settings}
        finished = subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env=known
            | {"CALLS": str(calls), "PATH": f"{self.folder.parent}/programs:{known['PATH']}"}
            | settings,
            text=True,
            capture_output=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return [json.loads(line) for line in calls.read_text().splitlines()]


def write_program(path: Path) -> None:
    """A program that notes its calls."""
    path.parent.mkdir(parents=True)
    path.write_text(PROGRAM)
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose environments are ready."""
    folder = tmp_path / f"project {ODD}"
    folder.mkdir()
    shutil.copy(PROJECT / "Makefile", folder)
    (folder / "python_models").symlink_to(PROJECT / "python_models")
    for name in ("requirements.lock", "requirements-spark.lock"):
        (folder / name).touch()
    for name, lock in (
        (".venv", ".requirements.lock"),
        (".venv-spark", ".requirements-spark.lock"),
    ):
        write_program(folder / name / "bin" / "python")
        (folder / name / f"{lock}.installed").touch()
    write_program(tmp_path / "programs" / "chromium")
    return Project(folder, tmp_path / ODD, tmp_path / f"logs {ODD}")


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_hands_paths_on_as_they_are(project: Project, target: str) -> None:
    before = {path.name for path in project.folder.iterdir()}
    calls = project.make(target, RAW_LOGS=str(project.logs))
    for call in calls:
        if target == "compare" and call["MUSIC_BOX_WAREHOUSE"].endswith("/compared"):
            # one build of its own, of the logs that it compares
            assert call["MUSIC_BOX_WAREHOUSE"] == f"{project.warehouse}/compared"
            assert call["RAW_LOGS"] == f"{project.warehouse}/compared_logs"
            continue
        assert call["MUSIC_BOX_WAREHOUSE"] == str(project.warehouse)
        assert call["RAW_LOGS"] == str(project.logs)
        assert call["DBT_TARGET_PATH"] == f"{project.warehouse}/target"
        assert call["DBT_LOG_PATH"] == f"{project.warehouse}/logs"
        for argument in call["arguments"]:
            # a path is one argument, and a whole one
            if re.search("my |ware.s|house é|歌", argument):
                assert argument.startswith(f"{project.warehouse}/")
    assert {path.name for path in project.folder.iterdir()} == before
    assert {path.name for path in project.folder.parent.iterdir()} <= {
        project.folder.name, project.warehouse.name, "programs", "calls"
    }  # fmt: skip


def test_logs_are_generated_in_the_warehouse_once(project: Project) -> None:
    sample = project.warehouse / "sample_logs"
    generated = [
        *("-m", "music_box.sample_logs", "--users", "300"),
        *("--out", str(sample)),
    ]
    assert generated in [
        call["arguments"] for call in project.make("build", "SAMPLE_USERS=300", RAW_LOGS="")
    ]
    sample.mkdir(parents=True)
    calls = project.make("build", RAW_LOGS="")
    assert [call["arguments"][-3:] for call in calls] == [
        ["-m", "music_box.readiness"],
        ["-m", "dbt.cli.main", "build"],
        ["-m", "music_box.report_page"],
    ]


def test_docs_are_put_into_the_warehouse(project: Project) -> None:
    published = project.warehouse / "published" / "music_box.duckdb"
    published.parent.mkdir(parents=True)
    published.touch()
    calls = project.make("docs")
    assert [call["arguments"][-3:] for call in calls] == [["docs", "generate", "--static"]]
    assert (project.warehouse / "docs" / "index.html").exists()


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_name_is_the_usual_warehouse(project: Project, empty: str) -> None:
    calls = project.make("build", MUSIC_BOX_WAREHOUSE=empty)
    assert {call["MUSIC_BOX_WAREHOUSE"] for call in calls} == {"warehouse"}
    assert {call["DBT_TARGET_PATH"] for call in calls} == {"warehouse/target"}


def test_a_path_on_the_command_line_is_written_as_make_wants_it(project: Project) -> None:
    calls = project.make(
        f"MUSIC_BOX_WAREHOUSE={ODD.replace('$', '$$').replace('#', 'no')}", "build"
    )
    expected = ODD.replace("#", "no")
    assert {call["MUSIC_BOX_WAREHOUSE"] for call in calls} == {expected}
    assert {call["DBT_LOG_PATH"] for call in calls} == {f"{expected}/logs"}


def test_clean_removes_the_warehouse_and_no_neighbor(project: Project) -> None:
    for folder in (project.folder / "warehouse", project.folder.parent / "my"):
        folder.mkdir()
        (folder / "kept.txt").touch()
    begin(project.warehouse)
    (project.warehouse / "music_box.duckdb").touch()
    (project.warehouse / "raw").mkdir()

    project.make("clean")

    assert {path.name for path in project.warehouse.iterdir()} == {
        MARKER,
        "raw",
    }
    assert (project.folder / "warehouse" / "kept.txt").exists()
    assert (project.folder.parent / "my" / "kept.txt").exists()


@pytest.mark.parametrize("is_a_warehouse", [True, False])
def test_clean_says_what_it_left(tmp_path: Path, is_a_warehouse: bool) -> None:
    (tmp_path / "thesis.txt").touch()
    if is_a_warehouse:
        begin(tmp_path)
    known = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    told = subprocess.run(
        ["make", "clean"],
        cwd=PROJECT,
        env=known | {"MUSIC_BOX_WAREHOUSE": str(tmp_path)},
        text=True,
        capture_output=True,
        check=False,
    )
    if is_a_warehouse:
        assert told.stdout.splitlines() == [
            f"left alone, not written by this project: {tmp_path}/thesis.txt",
        ]
    else:
        assert told.returncode != 0
        assert f"'{tmp_path}' does not hold {MARKER}, which builds write" in told.stderr
    assert (tmp_path / "thesis.txt").exists()


def test_an_environment_is_made_in_a_folder_with_an_odd_name(project: Project) -> None:
    shutil.rmtree(project.folder / ".venv")
    project.make("environment")
    assert (project.folder / ".venv" / ".requirements.lock.installed").exists()
