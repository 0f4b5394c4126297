"""What test modules share: building a warehouse from a folder of logs, and asking it things."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright

PROJECT = Path(__file__).parents[2]
DBT = Path(__file__).with_name("dbt_parsing_once.py")
# Whole builds ask whether everything fits together; how good models are is asked elsewhere.
QUICK_MODELS: dict[str, Any] = {
    "forest_grid": {"n_estimators": [5, 10], "max_depth": [5], "min_samples_leaf": [5]},
    "bootstrap_replicates": 20,
    "permutation_users": 200,
    "permutation_repeats": 1,
    "tuning_tries": 2,
    "tuning_users": 300,
    "learning_users": 500,
    "cluster_count": 2,
    "catalogue_size": 2000,
    "evaluation_users": 400,
    "report_users": 200,
    "report_factors": 8,
}
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
# without these, Chromium asks its makers for updates, and fails as root
QUIETLY = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Warehouse:
    """A warehouse folder after a build, and what dbt printed."""

    folder: Path
    output: str
    return_code: int

    def query(self, sql: str) -> pd.DataFrame:
        """Ask the working database."""
        with duckdb.connect(str(self.folder / "music_box.duckdb"), read_only=True) as connection:
            return connection.sql(sql).df()

    def rows(self, sql: str) -> list[tuple]:
        """Ask the working database for plain Python values."""
        with duckdb.connect(str(self.folder / "music_box.duckdb"), read_only=True) as connection:
            return connection.sql(sql).fetchall()


def pytest_configure(config: pytest.Config) -> None:
    """Keep what dbt has parsed, for all processes and for the next run of the tests."""
    os.environ["PARSED_PROJECTS"] = str(config.cache.mkdir("parsed_projects"))


@contextmanager
def parsed_before(project: Path, target: Path, variables: str) -> Iterator[None]:
    """Give dbt what it parsed for another warehouse; it looks itself what has changed since."""
    # with other variables, or of another project, dbt parses anew
    key = hashlib.sha256(f"{project}\n{variables}".encode()).hexdigest()
    known, own = Path(os.environ["PARSED_PROJECTS"]) / key, target / "partial_parse.msgpack"
    if known.exists() and not own.exists():
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(known, own)
    yield
    if own.exists():
        part = known.with_suffix(f".{os.getpid()}")
        shutil.copy(own, part)
        part.replace(known)


def run_dbt(
    raw_logs: Path,
    warehouse: Path,
    *arguments: str,
    project: Path = PROJECT,
    settings: Mapping[str, str] | None = None,
) -> Warehouse:
    """Run dbt as a user does, in a process and a warehouse folder of its own.

    `settings` are further variables of the environment.
    """
    warehouse.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "RAW_LOGS": str(raw_logs),
        "MUSIC_BOX_WAREHOUSE": str(warehouse),
        "DBT_PROFILES_DIR": "profiles",
        "DBT_TARGET": "ci",
        "DBT_TARGET_PATH": str(warehouse / "target"),
        "DBT_LOG_PATH": str(warehouse / "logs"),
        **(settings or {}),
    }
    target = Path(environment["DBT_TARGET_PATH"])
    with parsed_before(project, target, dict(pairwise(arguments)).get("--vars", "")):
        finished = subprocess.run(
            [sys.executable, DBT, "--no-use-colors", *arguments],
            cwd=project,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=900,
            check=False,
        )
    return Warehouse(warehouse, finished.stdout, finished.returncode)


def build(
    raw_logs: Path,
    warehouse: Path,
    *arguments: str,
    project: Path = PROJECT,
    settings: Mapping[str, str] | None = None,
) -> Warehouse:
    """`dbt build` with models that are fitted quickly, which has to succeed."""
    flags, variables = list(arguments), QUICK_MODELS
    if "--vars" in flags:
        place = flags.index("--vars")
        variables = variables | json.loads(flags[place + 1])
        del flags[place : place + 2]
    flags = ["--vars", json.dumps(variables), *flags]
    built = run_dbt(raw_logs, warehouse, "build", *flags, project=project, settings=settings)
    assert built.return_code == 0, built.output
    return built


def names_of(built: Warehouse, status: str) -> set[str]:
    """Nodes of the last dbt command with this status."""
    results = json.loads((built.folder / "target" / "run_results.json").read_text())["results"]
    return {row["unique_id"].split(".")[2] for row in results if row["status"] == status}


@pytest.fixture(scope="session")
def sample_logs(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Generate a folder of sample logs, once for equal arguments."""
    folders: dict[tuple[str, ...], Path] = {}

    def generate(*arguments: str) -> Path:
        if arguments not in folders:
            folder = tmp_path_factory.mktemp("logs") / "sample_logs"
            subprocess.run(
                [sys.executable, "-m", "music_box.sample_logs", *arguments, "--out", str(folder)],
                env=os.environ | {"PYTHONPATH": str(PROJECT / "python_models")},
                check=True,
            )
            folders[arguments] = folder
        return folders[arguments]

    return generate


def shared_warehouses(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], list[Warehouse]]
) -> list[Warehouse]:
    """Warehouses that the first test process to need them builds, in a folder, for all of them.

    Processes side by side share them: read them, or copy them before you change them.
    """
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    record = place / f"{name}.json"
    with FileLock(place / f"{name}.lock"):
        if not record.exists():
            built = [[str(warehouse.folder), warehouse.output] for warehouse in make(place / name)]
            record.write_text(json.dumps(built), "utf-8")
        known = json.loads(record.read_text("utf-8"))
    return [Warehouse(Path(folder), output, 0) for folder, output in known]


@pytest.fixture(scope="session")
def generated_warehouse(
    sample_logs: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Warehouse]:
    """A folder of sample logs with all their dirt, and the warehouse built from it."""

    def make(folder: Path) -> list[Warehouse]:
        shutil.copytree(sample_logs("--users", "1500", "--seed", "7"), folder / "logs")
        return [build(folder / "logs", folder / "warehouse")]

    (warehouse,) = shared_warehouses(tmp_path_factory, "generated", make)
    return warehouse.folder.parent / "logs", warehouse


@pytest.fixture(scope="session")
def daily_warehouse(
    generated_warehouse: tuple[Path, Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """A copy of the same warehouse after a daily run in which nothing is new."""
    logs, warehouse = generated_warehouse

    def make(folder: Path) -> list[Warehouse]:
        shutil.copytree(warehouse.folder, folder)
        return [build(logs, folder, "--selector", "daily", *WITHOUT_UNIT_TESTS)]

    (daily,) = shared_warehouses(tmp_path_factory, "daily", make)
    return daily


@dataclass(frozen=True)
class NextDay:
    """Copies of a warehouse on the day of a full build, and after the daily run of the next."""

    before: Warehouse
    after: Warehouse


@pytest.fixture(scope="session")
def next_day(sample_logs: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> NextDay:
    """Logs to 2017-05-02 in a full build, then those of 2017-05-03 in a daily run."""

    def make(folder: Path) -> list[Warehouse]:
        whole = sample_logs("--users", "400", "--last-date", "2017-05-03")
        logs = folder / "logs"
        shutil.copytree(whole, logs, ignore=shutil.ignore_patterns("20170503*"))
        before = build(logs, folder / "before", *WITHOUT_UNIT_TESTS)

        shutil.copytree(whole, logs, dirs_exist_ok=True)
        shutil.copytree(before.folder, folder / "after")
        after = build(logs, folder / "after", "--selector", "daily", *WITHOUT_UNIT_TESTS)
        return [before, after]

    return NextDay(*shared_warehouses(tmp_path_factory, "next_day", make))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    executable = shutil.which("chromium")
    if executable is None:
        remedy = "pages are looked at in Chromium: apt-get install chromium"
        if "CI" in os.environ:
            pytest.fail(remedy)
        pytest.skip(remedy)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=QUIETLY)
        yield started
        started.close()
