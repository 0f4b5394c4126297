"""Raw text to features and ratings: this project, a minimal C program, and PySpark, in one run.

On one folder of logs, in turn: the C program of `limit.c`, the least that it could cost; the models
and seeds behind `user_features` and `user_song_ratings`, without tests and without dbt's start-up;
and `spark_report.py`, the same work in PySpark, without the session's start: once with the features
made as the study made them, and once in the best way that we know for Spark. What they find is
compared, too: a program that does something else may well be faster.

    python -m benchmarks.against --logs FOLDER --out FOLDER

Quote ratios, not seconds: other programs on the machine slow all three.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.limit import PROJECT, LimitRun, c_limit, plain_logs
from benchmarks.measured_build import WHOLE_COMMAND, environment

MEASURED_BUILD = PROJECT / "benchmarks/measured_build.py"
SPARK_REPORT = PROJECT / "benchmarks/spark_report.py"
SPARK_PYTHON = PROJECT / ".venv-spark/bin/python"
# All other columns of the targets are measures. Likes come from a seed that Spark does not read.
NO_MEASURES = ["snapshot_date", "user_id", "song_id", "is_liked"]
TARGETS = ["user_features", "user_song_ratings"]
# What PySpark writes, and the table that it must agree with.
SPARK_RESULTS = {
    "user_features": "features.user_features",
    "user_features_as_the_report": "features.user_features",
    "user_song_ratings": "recommendations.user_song_ratings",
}
# PySpark makes features in two ways, each a stage of this name.
SPARK_WAYS = {
    "PySpark as the study": "features as the study",
    "PySpark from sums": "features from sums",
}
# Spark is asked for training and scoring alone.
VARIABLES = {"backtest_snapshots": 0}
# Spark drops the broken lines that the warehouse repairs, a few of a thousand. Sums over all users
# may differ by this share, as the counts of users and of ratings may, and by a few in small logs.
TOLERANCE, FEW = 0.02, 3
# A step below this share of the whole is not listed.
LISTED_SHARE = 0.01


@dataclass(frozen=True)
class Step:
    """A model or a stage and what it cost."""

    name: str
    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Run:
    """A whole run: its steps in order, and the most memory that it held."""

    steps: list[Step]
    peak_gigabytes: float

    @property
    def wall_seconds(self) -> float:
        """All steps together."""
        return sum(step.wall_seconds for step in self.steps)

    @property
    def cpu_seconds(self) -> float:
        """All steps together."""
        return sum(step.cpu_seconds for step in self.steps)

    def only(self, names: Iterable[str]) -> Run:
        """Return the part of the run that these steps are."""
        wanted = set(names)
        return Run([step for step in self.steps if step.name in wanted], self.peak_gigabytes)


@dataclass(frozen=True)
class Agreement:
    """One figure, found here and by another program, and by how much they may differ."""

    figure: str
    ours: float
    theirs: float
    allowed: float

    @property
    def holds(self) -> bool:
        """Whether they are near enough."""
        return abs(self.ours - self.theirs) <= self.allowed


# --- Runs -----------------------------------------------------------------------------------------


def own_build(logs: Path, warehouse: Path) -> Run:
    """Build features and ratings in an empty warehouse, models and seeds only.

    Parameters
    ----------
    logs
        Folder of deliveries.
    warehouse
        A folder that does not exist yet.

    Returns
    -------
    Run
        A step per model and seed.
    """
    warehouse.mkdir(parents=True)
    known = environment(logs.resolve(), warehouse.resolve())
    nodes = warehouse.resolve() / "nodes.jsonl"
    command: list[str | Path] = [
        sys.executable,
        MEASURED_BUILD,
        "--nodes",
        nodes,
        "--quiet",
        "build",
    ]
    command += ["--select", *(f"+{target}" for target in TARGETS)]
    command += ["--exclude-resource-type", "test", "unit_test", "--vars", json.dumps(VARIABLES)]
    subprocess.run(command, cwd=PROJECT, env=known, check=True)
    rows = [json.loads(line) for line in nodes.read_text("utf-8").splitlines()]
    steps = [
        Step(row["node"].split(".")[-1], row["wall_seconds"], row["cpu_seconds"])
        for row in rows
        # of which the nodes are parts, and dbt's start-up, which does not count
        if row["node"] != WHOLE_COMMAND
    ]
    return Run(steps, max(row["peak_gigabytes"] for row in rows))


def nodes_above(target: str, warehouse: Path) -> set[str]:
    """Names of the nodes that a model needs, itself among them."""
    manifest = json.loads((warehouse / "target/manifest.json").read_text("utf-8"))
    above = [f"model.music_box.{target}"]
    for node in above:  # the list grows until the sources are reached
        above += [parent for parent in manifest["parent_map"].get(node, []) if parent not in above]
    return {node.split(".")[-1] for node in above}


def spark(logs: Path, out: Path) -> dict[str, Run]:
    """Run the PySpark program over a folder of deliveries.

    Parameters
    ----------
    logs
        Folder of deliveries; compressed ones are unpacked first, which is not timed.
    out
        Folder for its results, of the names of `SPARK_RESULTS`, that is not there yet.

    Returns
    -------
    dict
        Per way of `SPARK_WAYS`, a step per stage and snapshot, the session's start not among them;
        empty, with a sentence on the standard error, where PySpark or Java is missing.
    """
    if not SPARK_PYTHON.exists():
        print("No .venv-spark here (make spark-environment): no row of Spark.", file=sys.stderr)
        return {}
    if shutil.which("java") is None:
        print("No Java here, which Spark needs (17 or later): no row of Spark.", file=sys.stderr)
        return {}
    with tempfile.TemporaryDirectory() as temporary:
        plain_logs(logs, Path(temporary))
        finished = subprocess.run(
            [SPARK_PYTHON, SPARK_REPORT, "--logs", temporary, "--out", out],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    result = json.loads(finished.stdout.splitlines()[-1])
    return {
        way: Run(
            [
                Step(
                    " ".join(filter(None, (row["stage"], row["snapshot_date"]))),
                    row["wall_seconds"],
                    row["cpu_seconds"],
                )
                for row in result["stages"]
                # of the two stages that make features, this way's alone
                if row["stage"] not in {"session", *SPARK_WAYS.values()} - {stage}
            ],
            result["peak_gigabytes"],
        )
        for way, stage in SPARK_WAYS.items()
    }


# --- Do they find the same? -----------------------------------------------------------------------


def agreement_with_limit(limit: LimitRun, warehouse: Path) -> list[Agreement]:
    """Compare what the C program counted with the warehouse's own tables.

    Lines agree exactly. It passes over broken lines, which the warehouse joins or trims to records:
    counts may differ by as many as were repaired, users and seconds by twice the share of these.
    Without broken lines all figures agree exactly.
    """
    with duckdb.connect(str(warehouse / "music_box.duckdb"), read_only=True) as connection:
        counts = connection.execute(
            "select event, sum(lines), sum(records), sum(repaired_lines)"
            " from staging.stg_player_logs__delivery_counts group by event"
        ).fetchall()
        users, completed, seconds = connection.execute(
            "select count(distinct user_id), sum(completed_plays), sum(play_seconds)"
            " from intermediate.int_user_days"
        ).fetchall()[0]
    names = {"play": "plays", "down": "downloads", "search": "searches"}
    records = {names[event]: int(found) for event, _, found, _ in counts}
    repaired = {names[event]: int(found) for event, _, _, found in counts}
    repaired_share = sum(repaired.values()) / sum(records.values())
    found = limit.sums
    return [
        Agreement("lines", sum(int(lines) for _, lines, _, _ in counts), found["lines"], 0),
        *(Agreement(name, records[name], found[name], repaired[name]) for name in records),
        Agreement("users", users, found["users"], users * 2 * repaired_share),
        Agreement("completed_plays", completed, found["completed_plays"], repaired["plays"]),
        Agreement(
            "play_seconds",
            seconds,
            found["play_seconds"],
            # no more digits than the program prints
            seconds * 2 * repaired_share + 1e-3,
        ),
    ]


def agreement_with_spark(warehouse: Path, out: Path) -> list[Agreement]:
    """Compare row counts, and the sum of every feature and of the ratings, of all snapshots."""
    with duckdb.connect(str(warehouse / "music_box.duckdb"), read_only=True) as connection:
        agreements = []
        for name, table in SPARK_RESULTS.items():
            theirs = f"read_parquet('{out}/{name}/*/*.parquet', hive_partitioning = true)"
            columns = [row[0] for row in connection.execute(f"describe {table}").fetchall()]
            measures = [column for column in columns if column not in NO_MEASURES]
            sums = ", ".join(f"coalesce(sum(cast({measure} as double)), 0)" for measure in measures)
            for snapshot, *figures in connection.execute(
                f"select snapshot_date, count(*), {sums} from {table} group by all order by all"
            ).fetchall():
                other = connection.execute(
                    f"select count(*), {sums} from {theirs} where snapshot_date = ?", [snapshot]
                ).fetchall()[0]
                agreements += [
                    Agreement(
                        f"{name} {snapshot} {figure}", ours, other_sum, TOLERANCE * abs(ours) + FEW
                    )
                    for figure, ours, other_sum in zip(
                        ["rows", *measures], figures, other, strict=True
                    )
                ]
    return agreements


# --- What is printed ------------------------------------------------------------------------------


def table_of_runs(limit: LimitRun | None, ours: Run, ways: dict[str, Run], records: int) -> str:
    """Return the table of what each program cost."""
    lines = [
        "| | records | wall s | CPU s | records per CPU s | peak GB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    if limit:
        cpu = limit.median_cpu_seconds
        lines.append(f"| C | {records:,} | – | {cpu:.2f} | {records / cpu:,.0f} | – |")
    lines += [
        f"| {name} | {records:,} | {run.wall_seconds:.1f} | {run.cpu_seconds:.1f} |"
        f" {records / run.cpu_seconds:,.0f} | {run.peak_gigabytes:.1f} |"
        for name, run in {"this project": ours, **ways}.items()
    ]
    return "\n".join(lines)


def table_of_steps(title: str, run: Run) -> str:
    """Return where the time of a run went, the costliest first."""
    listed = [
        step
        for step in sorted(run.steps, key=lambda step: -step.cpu_seconds)
        if step.cpu_seconds >= LISTED_SHARE * run.cpu_seconds
    ]
    rest = Run([step for step in run.steps if step not in listed], 0.0)
    if rest.steps:
        others = f"{len(rest.steps)} others"
        listed.append(Step(others, rest.wall_seconds, rest.cpu_seconds))
    lines = [f"| {title} | wall s | CPU s | share of CPU |", "|---|--:|--:|--:|"]
    lines += [
        f"| {step.name} | {step.wall_seconds:.1f} | {step.cpu_seconds:.1f} |"
        f" {step.cpu_seconds / run.cpu_seconds:.0%} |"
        for step in listed
    ]
    return "\n".join(lines)


def ratios(
    limit: LimitRun | None, ours: Run, features: Run, ways: dict[str, Run]
) -> dict[str, float]:
    """Return how many times as much one costs as another; `features` is the part up to features."""
    found = {}
    if limit:
        found["features: CPU over C"] = features.cpu_seconds / limit.median_cpu_seconds
        found["features and ratings: CPU over C"] = ours.cpu_seconds / limit.median_cpu_seconds
    for way, run in ways.items():
        found[f"{way}: wall over ours"] = run.wall_seconds / ours.wall_seconds
        found[f"{way}: CPU over ours"] = run.cpu_seconds / ours.cpu_seconds
    return found


def main() -> None:
    """Run all three, compare what they found, print what they cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=Path, required=True, help="folder of deliveries")
    parser.add_argument("--out", type=Path, required=True, help="folder for against.json")
    arguments = parser.parse_args()
    logs, out = arguments.logs.resolve(), arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as temporary:
        warehouse, spark_out = Path(temporary) / "warehouse", Path(temporary) / "spark"
        loads: list[dict[str, Any]] = [{"before": "C", "load_average": os.getloadavg()}]
        limit = c_limit(logs)
        loads.append({"before": "this project", "load_average": os.getloadavg()})
        ours = own_build(logs, warehouse)
        loads.append({"before": "PySpark", "load_average": os.getloadavg()})
        ways = spark(logs, spark_out)
        features = ours.only(nodes_above("user_features", warehouse))
        agreements = agreement_with_limit(limit, warehouse) if limit else []
        agreements += agreement_with_spark(warehouse, spark_out) if ways else []
        with duckdb.connect(str(warehouse / "music_box.duckdb"), read_only=True) as connection:
            (records,) = connection.execute(
                "select sum(records) from staging.stg_player_logs__delivery_counts"
            ).fetchall()[0]

    differing = [agreement for agreement in agreements if not agreement.holds]
    found = {
        "records": int(records),
        "cores": os.cpu_count(),
        "load": loads,
        "ratios": ratios(limit, ours, features, ways),
        "c": asdict(limit) if limit else None,
        "ours": asdict(ours),
        "features": [step.name for step in features.steps],
        "spark": {way: asdict(run) for way, run in ways.items()},
        "agreements": [asdict(agreement) for agreement in agreements],
    }
    (out / "against.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(table_of_runs(limit, ours, ways, int(records)), end="\n\n")
    print(table_of_steps("models", ours), end="\n\n")
    for way, run in ways.items():
        print(table_of_steps(f"stages of {way}", run), end="\n\n")
    print(json.dumps(found["ratios"]))
    if differing:
        sys.exit(
            "They do not find the same:\n"
            + "\n".join(
                f"  {agreement.figure}: {agreement.ours:,} here, {agreement.theirs:,} there"
                for agreement in differing
            )
        )


if __name__ == "__main__":
    main()
