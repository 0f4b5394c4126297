"""What reading raw logs and grouping them by user costs at least: a minimal C program, timed.

`limit.c` splits every line, parses the numbers and keeps counts, sums and completion bands per user
in a hash table; no program that has to look at every byte does it for much less. CPU seconds are
compared, since it runs on one core and a build on all of them.

    python -m benchmarks.limit --logs FOLDER
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from music_box.landing import DeliveryError, parse_delivery_name
from music_box.landing.containers import open_content

PROJECT = Path(__file__).parents[1]
PROGRAM = Path(__file__).with_name("limit.c")


@dataclass(frozen=True)
class LimitRun:
    """What the program found, and what that cost.

    Attributes
    ----------
    sums
        What it printed: lines, records of each event, users, seconds played, plays in each band.
    wall_seconds, cpu_seconds
        Of each run.
    """

    sums: dict[str, Any]
    wall_seconds: list[float]
    cpu_seconds: list[float]

    @property
    def records(self) -> int:
        """Plays, downloads and searches."""
        return sum(int(self.sums[event]) for event in ("plays", "downloads", "searches"))

    @property
    def median_cpu_seconds(self) -> float:
        """Of the runs, the first of which may have had to wait for the disk."""
        return statistics.median(self.cpu_seconds)


def plain_logs(logs: Path, folder: Path) -> list[Path]:
    """Give every delivery of a folder as plain text, under the delivery's name.

    Programs that are compared with the warehouse need not know compression: their input is unpacked
    before they start. As in the warehouse, the newest readable file of a delivery counts.

    Parameters
    ----------
    logs
        Folder of deliveries, compressed or not.
    folder
        An empty folder; gets a link to each plain file and a copy of each unpacked one.

    Returns
    -------
    list of Path
        The files in `folder`, by name.
    """
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text("utf-8"))["vars"]
    claims = defaultdict(list)
    for path in logs.iterdir():
        name = parse_delivery_name(path.name, variables["delivery_name_pattern"])
        if name is not None and path.is_file():
            claims[name.delivery].append(path)
    for delivery, paths in claims.items():
        newest_first = sorted(paths, key=lambda path: (-path.stat().st_mtime_ns, path.name))
        # the first that can be read; files that cannot are not believed
        any(_unpack(path, folder / delivery) for path in newest_first)
    return sorted(folder.iterdir())


def _unpack(path: Path, target: Path) -> bool:
    """Put the content of a file at `target`; false if it cannot be read to its end."""
    try:
        with path.open("rb") as file, open_content(file) as (content, container):
            if container == "plain":
                target.symlink_to(path.resolve())
                return True
            with target.open("wb") as plain:
                while chunk := content.read(1 << 20):
                    plain.write(chunk)
    except DeliveryError:
        target.unlink(missing_ok=True)
        return False
    return True


def c_limit(logs: Path, rounds: int = 3) -> LimitRun | None:
    """Run the C program over a folder of deliveries.

    Parameters
    ----------
    logs
        Folder of deliveries; compressed ones are unpacked first, which is not timed.
    rounds
        How often it is run.

    Returns
    -------
    LimitRun or None
        None, and a sentence on the standard error, if this machine has no C compiler.
    """
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        print("No C compiler (cc) here: the row of the C program is left out.", file=sys.stderr)
        return None
    with tempfile.TemporaryDirectory() as temporary:
        program, folder = Path(temporary) / "limit", Path(temporary) / "logs"
        subprocess.run([compiler, "-std=gnu11", "-O3", "-o", program, PROGRAM], check=True)
        folder.mkdir()
        files = plain_logs(logs, folder)
        walls, cpus = [], []
        for _ in range(rounds):
            wall, cpu, output = _timed([program, *files])
            walls.append(wall)
            cpus.append(cpu)
    return LimitRun(json.loads(output), walls, cpus)


def _timed(command: list[Path]) -> tuple[float, float, str]:
    """Run a command; wall seconds, CPU seconds of it alone, and what it printed."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return wall, usage.ru_utime + usage.ru_stime, output


def main() -> None:
    """Run it and print what it found and cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=Path, required=True, help="folder of deliveries")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    run = c_limit(arguments.logs, arguments.rounds)
    if run is not None:
        print(json.dumps(run.sums))
        print(
            f"{run.records:,} records in {run.median_cpu_seconds:.2f} CPU seconds, median of "
            f"{arguments.rounds}: {run.records / run.median_cpu_seconds:,.0f} per CPU second"
        )


if __name__ == "__main__":
    main()
