"""What a whole build costs as users grow: every node timed, on generated logs, then the next day.

For each number of users: logs of 45 days; the first 44 of them built whole, with data tests; the
last day added, which a daily run loads and scores with the models that are fitted; and each
recommender alone. There nodes run one after the other, so that each has its own CPU seconds and
peak of memory. Up to 60,000 users, features and ratings are also made by a minimal C program and by
PySpark (`against.py`), and the 44 days are built once more as `dbt build` does it by itself, nodes
side by side. With more, two nodes only slow each other down: each keeps both cores busy alone.

Results are JSON, one folder per number of users, of which `performance_page.py` makes tables and a
plot.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
from music_box.warehouse import claim, clean

from benchmarks.measured_build import environment

PROJECT = Path(__file__).parents[1]
FIRST_DATE, NEXT_DATE = "2017-03-30", "2017-05-13"
# As in profiles.yml.
THREADS = "2"
# Beyond, PySpark would take hours, and nodes side by side as long as one at a time.
COMPARED_USERS = 60_000


@dataclass(frozen=True)
class Place:
    """Where one number of users has its logs, its warehouse and its results."""

    folder: Path

    @property
    def logs(self) -> Path:
        """All days."""
        return self.folder / "logs"

    @property
    def raw_logs(self) -> Path:
        """The days that are delivered so far."""
        return self.folder / "raw_logs"

    @property
    def warehouse(self) -> Path:
        """What dbt builds."""
        return self.folder / "warehouse"

    def results(self, name: str) -> Path:
        """A file of results."""
        return self.folder / "results" / name

    def run(self, module: str, *arguments: str | Path) -> None:
        """Run a Python module in the project, for this place."""
        command = [sys.executable, "-m", module, *map(str, arguments)]
        known = environment(self.raw_logs, self.warehouse)
        subprocess.run(command, cwd=PROJECT, env=known, check=True)

    def dbt(self, results: str, *arguments: str) -> None:
        """Run dbt and note what each node cost."""
        nodes = self.results(results)
        self.run("benchmarks.measured_build", "--nodes", nodes, "--no-use-colors", *arguments)


def generate(place: Place, users: int) -> None:
    """Write the logs, unless they are there."""
    if not place.logs.exists():
        arguments = ["--users", str(users), "--first-date", FIRST_DATE, "--last-date", NEXT_DATE]
        place.run("music_box.sample_logs", *arguments, "--out", place.logs)


def deliver(place: Place, *, until_next_day: bool) -> None:
    """Link the days into the folder of deliveries, all or all but the last."""
    place.raw_logs.mkdir(parents=True, exist_ok=True)
    is_later = re.compile(re.escape(NEXT_DATE.replace("-", "")))
    for source in place.logs.iterdir():
        link = place.raw_logs / source.name
        if is_later.match(source.name) and not until_next_day:
            link.unlink(missing_ok=True)
        elif not link.exists():
            os.link(source, link)


def describe(place: Place, users: int) -> None:
    """Note what was built, and on which machine."""
    names = [path for path in place.raw_logs.iterdir() if path.name[:8].isdigit()]
    database = place.warehouse / "music_box.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        counted = connection.sql("select cast(sum(records) as bigint) from reports.rpt_deliveries")
        ((records,),) = counted.fetchall()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    description = {
        "users": users,
        "raw_bytes": sum(path.stat().st_size for path in names),
        "files": len(names),
        "records": records,
        "warehouse_bytes": database.stat().st_size,
        "cores": os.cpu_count(),
        "memory_gigabytes": round(memory, 1),
    }
    place.results("size.json").write_text(json.dumps(description, indent=2), "utf-8")


def build_whole(place: Place, results: str, *arguments: str) -> None:
    """Build all that is delivered in an empty warehouse."""
    clean(place.warehouse)
    place.warehouse.mkdir(parents=True, exist_ok=True)
    deliver(place, until_next_day=False)
    # unit tests ask whether the code is right, not the data; they cost the same at every size
    place.dbt(results, "build", "--exclude-resource-type", "unit_test", *arguments)


def measure(place: Place, users: int) -> None:
    """Generate, build whole, add a day, and ask each recommender."""
    generate(place, users)
    print(f"\n--- {users:,} users: the whole build, one node at a time", flush=True)
    build_whole(place, "whole.jsonl")
    describe(place, users)
    print(f"\n--- {users:,} users: each recommender", flush=True)
    place.run("benchmarks.recommenders", "--out", place.results("recommenders.jsonl"))
    print(f"\n--- {users:,} users: the next day", flush=True)
    deliver(place, until_next_day=True)
    daily = ["build", "--selector", "daily", "--exclude-resource-type", "unit_test"]
    place.dbt("daily.jsonl", *daily)
    if users <= COMPARED_USERS:
        print(f"\n--- {users:,} users: the same features in C and in PySpark", flush=True)
        deliver(place, until_next_day=False)
        out = place.results("")
        place.run("benchmarks.against", "--logs", place.raw_logs, "--out", out)
        print(f"\n--- {users:,} users: the whole build, nodes side by side", flush=True)
        build_whole(place, "side_by_side.jsonl", "--threads", THREADS)


def main() -> None:
    """Measure one size after the other."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--users", type=int, nargs="+", default=[6_000, 60_000, 600_000])
    parser.add_argument("--folder", type=Path, default=PROJECT / "warehouse" / "bench")
    chosen = parser.parse_args()
    claim(chosen.folder)
    for users in chosen.users:
        measure(Place(chosen.folder.resolve() / str(users)), users)


if __name__ == "__main__":
    main()
