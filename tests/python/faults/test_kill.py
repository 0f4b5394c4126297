"""A build that is killed at any moment: readers see nothing of it, and the next build mends all."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, QUICK_MODELS, WITHOUT_UNIT_TESTS, Warehouse, build
from deliveries.contents import Contents, contents_of, differing_tables
from deliveries.lines import write_days

from faults.effort import tries

# Nodes in which a build is killed, each for a stage of it.
STAGES = {
    "publish": ["published_copy"],
    "landing": ["landed_files"],
    "staging": ["stg_player_logs__plays", "stg_player_logs__irregular_lines", "user_features"],
    "fit": ["churn_fit_random_forest", "recommender_tuning", "judged_lists", "served_lists"],
}
STARTS = ["nothing", "the day before", "the same day"]
SEED = 11
LAST_DAY = "20170416"


@dataclass(frozen=True)
class Kill:
    """Where a build is killed."""

    number: int
    stage: str
    node: str
    start: str
    share: float


def kills() -> list[Kill]:
    """Moments drawn at random, all stages and all starts among them."""
    drawn = random.Random(SEED)
    stages = list(STAGES)
    return [
        Kill(
            number,
            stage := stages[number % len(stages)],
            drawn.choice(STAGES[stage]),
            STARTS[(number // len(stages) + number) % len(STARTS)],
            drawn.random(),
        )
        for number in range(tries(few=1, many=30))
    ]


@dataclass(frozen=True)
class Days:
    """Logs, and what a clean build makes of them."""

    logs: Path
    clean: Warehouse
    seconds: dict[str, float]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Days:
    """Build all days from nothing."""
    folder = tmp_path_factory.mktemp("kill")
    logs = folder / "logs"
    write_days(logs, date(2017, 3, 2), days=46, users=25)
    clean = build(logs, folder / "clean", *WITHOUT_UNIT_TESTS)
    results = json.loads((clean.folder / "target" / "run_results.json").read_text())["results"]
    seconds = {row["unique_id"].split(".")[2]: row["execution_time"] for row in results}
    return Days(logs, clean, seconds)


@pytest.fixture(scope="module")
def day_before(days: Days, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Build all days but the last from nothing."""
    folder = tmp_path_factory.mktemp("day_before")
    shutil.copytree(days.logs, folder / "logs", ignore=shutil.ignore_patterns(f"{LAST_DAY}*"))
    return build(folder / "logs", folder / "warehouse", *WITHOUT_UNIT_TESTS)


@dataclass
class Reader:
    """Opens the published copy again and again."""

    published: Path
    reads: int = 0
    problems: list[str] = field(default_factory=list)

    def read(self) -> None:
        """All tables of one connection, and all Parquet files: each of them whole."""
        if not self.published.exists():
            return
        try:
            with duckdb.connect() as connection:
                connection.execute(
                    f"attach '{self.published}/music_box.duckdb' as copy (read_only)"
                )
                tables = connection.execute(
                    "select schema_name, table_name from duckdb_tables()"
                    " where database_name = 'copy'"
                ).fetchall()
                for schema, table in tables:
                    connection.execute(f'select count(*) from copy."{schema}"."{table}"').fetchall()
                self.reads += 1
        except duckdb.Error as error:
            self.problems.append(str(error))


@contextmanager
def reading(published: Path) -> Iterator[Reader]:
    """Read beside what happens inside."""
    reader, is_over = Reader(published), threading.Event()

    def read() -> None:
        while not is_over.wait(0.05):
            reader.read()

    thread = threading.Thread(target=read)
    thread.start()
    yield reader
    is_over.set()
    thread.join()


def killed_build(logs: Path, warehouse: Path, node: str, delay: float) -> bool:
    """Start a build and kill it this many seconds after a node of it has begun.

    Returns
    -------
    bool
        Whether it still ran.
    """
    environment = os.environ | {
        "RAW_LOGS": str(logs),
        "MUSIC_BOX_WAREHOUSE": str(warehouse),
        "DBT_PROFILES_DIR": "profiles",
        "DBT_TARGET": "ci",
        "DBT_TARGET_PATH": str(warehouse / "target"),
        "DBT_LOG_PATH": str(warehouse / "logs"),
    }
    warehouse.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [Path(sys.executable).with_name("dbt"), "--no-use-colors", "build"]
    running = subprocess.Popen(
        [*command, "--vars", json.dumps(QUICK_MODELS), *WITHOUT_UNIT_TESTS],
        cwd=PROJECT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert running.stdout is not None
    for line in running.stdout:
        if " START " in line and f".{node} " in line:
            time.sleep(delay)
            break
    still_runs = running.poll() is None
    os.killpg(running.pid, signal.SIGKILL)
    running.stdout.close()
    running.wait()
    return still_runs


def state_of(published: Path) -> dict[str, Contents]:
    """The published copy, as its database and as its Parquet files; nothing where there is none."""
    if not published.exists():
        return {}
    database = contents_of(published / "music_box.duckdb")
    with duckdb.connect() as connection:
        files = {
            path.stem: connection.execute(f"select count(*) from read_parquet('{path}')").fetchall()
            for path in published.glob("*.parquet")
        }
    rows = {table.split(".")[1]: [(sum(found.values()),)] for table, found in database.items()}
    assert files == rows
    return {"database": database}


@pytest.mark.parametrize("kill", kills(), ids=lambda kill: f"{kill.number}-{kill.node}")
def test_a_killed_build_is_mended_by_the_next(
    days: Days,
    kill: Kill,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    warehouse = tmp_path / "warehouse"
    if kill.start != "nothing":
        is_earlier = kill.start == "the day before"
        start = request.getfixturevalue("day_before") if is_earlier else days.clean
        shutil.copytree(start.folder, warehouse, symlinks=True)
    published = warehouse / "published"
    old = state_of(published)

    with reading(published) as reader:
        was_running = killed_build(
            days.logs, warehouse, kill.node, kill.share * days.seconds[kill.node]
        )
    after = state_of(published)
    clean = state_of(days.clean.folder / "published")
    record_property("was_running", was_running)
    assert after in (old, clean)

    with reading(published) as second_reader:
        mended = build(days.logs, warehouse, *WITHOUT_UNIT_TESTS)

    assert reader.problems + second_reader.problems == []
    working = contents_of(mended.folder / "music_box.duckdb")
    assert differing_tables(working, contents_of(days.clean.folder / "music_box.duckdb")) == []
    assert state_of(published) == clean
