"""What landing and staging a clean delivery costs, beside DuckDB's typed `read_csv` of that file.

Clean files must not pay for dirty ones: the whole way from bytes to the staged table (scan, hash,
read as text with line numbers, cast) is to stay within 1.5 x of reading the file as if it were
known to be clean. Both are timed in one run, in turn; quote the ratio, not the seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import yaml
from music_box.landing import land_folder

from benchmarks.measured_build import environment

PROJECT = Path(__file__).parents[1]
FIELDS = {
    "uid": "bigint",
    "device": "varchar",
    "song_id": "bigint",
    "song_type": "integer",
    "song_name": "varchar",
    "singer": "varchar",
    "play_time": "double",
    "song_length": "double",
    "paid_flag": "integer",
}


def write_clean_plays(path: Path, lines: int) -> None:
    """Write a clean play delivery with names of two scripts, as long as real ones."""
    rng = np.random.default_rng(1)
    songs = 20_000
    names = [f"歌曲名字{song}" if song % 4 else f"Some Song Title {song}" for song in range(songs)]
    users = rng.integers(100_000_000, 170_000_000, 30_000)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for _ in range(0, lines, 100_000):
            count = 100_000
            song = rng.zipf(1.3, count) % songs
            length = rng.integers(120, 400, count)
            play = (length * rng.random(count)).astype(int)
            user = users[rng.integers(0, len(users), count)]
            file.writelines(
                f"{uid}\tar\t{sid}\t0\t{names[sid]}\t歌手{sid % 700}\t{seconds}\t{total}\t0\n"
                for uid, sid, seconds, total in zip(
                    user.tolist(), song.tolist(), play.tolist(), length.tolist(), strict=True
                )
            )


def typed_read(delivery: Path, database: Path) -> None:
    """Store the file as a table, trusting every byte of it."""
    columns = ", ".join(f"'{name}': '{type_}'" for name, type_ in FIELDS.items())
    with duckdb.connect(str(database)) as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute(
            f"""create table plays as select * from read_csv('{delivery}', auto_detect = false,
            header = false, delim = '\t', quote = '', escape = '', columns = {{{columns}}})"""
        )


def staging_sql(folder: Path, workshop: Path) -> str:
    """Let dbt compile the statement that stages the folder's plays."""
    workshop.mkdir(exist_ok=True)
    subprocess.run(
        [
            Path(sys.executable).with_name("dbt"),
            "--quiet",
            "build",
            "--select",
            "+stg_player_logs__plays",
        ],
        cwd=PROJECT,
        env=environment(folder, workshop),
        check=True,
    )
    compiled = workshop / "target/compiled/music_box/models/staging/player_logs"
    return (compiled / "stg_player_logs__plays.sql").read_text("utf-8")


def land_and_stage(folder: Path, workshop: Path, sql: str, database: Path) -> None:
    """Do what a first build does: scan the bytes, then stage the lines."""
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text("utf-8"))["vars"]
    landing = database.with_suffix(".landing")
    land_folder(folder, landing, variables["delivery_name_pattern"], variables["log_fields"])
    with duckdb.connect(str(database)) as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute("create schema staging")
        connection.execute(f"attach '{workshop / 'music_box.duckdb'}' as built (read_only)")
        connection.execute(
            "create table staging.stg_player_logs__irregular_lines as "
            "from built.staging.stg_player_logs__irregular_lines"
        )
        connection.execute(f"create table plays as {sql}")


def measured(action: str, folder: Path, workshop: Path) -> tuple[float, float]:
    """Run one action in a process of its own; returns wall and CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(
        [
            *[sys.executable, "-m", "benchmarks.landing", "--action", action],
            *["--folder", str(folder), "--workshop", str(workshop)],
        ],
        check=True,
        cwd=PROJECT,
        stderr=subprocess.DEVNULL,
    )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_action(action: str, folder: Path, workshop: Path) -> None:
    """Carry out one timed action; `nothing` is what starting the process costs."""
    with tempfile.TemporaryDirectory(dir=workshop) as scratch:
        database = Path(scratch) / "music_box.duckdb"
        if action == "typed_read":
            typed_read(next(folder.iterdir()), database)
        elif action == "land_and_stage":
            sql = (workshop / "staging.sql").read_text("utf-8")
            land_and_stage(folder, workshop, sql, database)


def main() -> None:
    """Generate a delivery, time both ways in turn, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--action", choices=["nothing", "typed_read", "land_and_stage"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--workshop", type=Path)
    arguments = parser.parse_args()
    if arguments.action:
        run_action(arguments.action, arguments.folder, arguments.workshop)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder, workshop = Path(temporary) / "logs", Path(temporary) / "workshop"
        folder.mkdir()
        write_clean_plays(folder / "20170401_1_play.log", arguments.lines)
        sql = staging_sql(folder, workshop)
        (workshop / "staging.sql").write_text(sql, "utf-8")
        actions = ["nothing", "typed_read", "land_and_stage"]
        seconds: dict[str, list[tuple[float, float]]] = {action: [] for action in actions}
        for _ in range(arguments.rounds):
            for action in actions:
                seconds[action].append(measured(action, folder, workshop))
        medians = {
            action: [statistics.median(column) for column in zip(*rows, strict=True)]
            for action, rows in seconds.items()
        }
        start_wall, start_cpu = medians["nothing"]
        print(
            f"{arguments.lines:,} clean play lines, {os.cpu_count()} cores, "
            f"median of {arguments.rounds}"
        )
        print("| | wall seconds | CPU seconds |\n|---|---|---|")
        net = {}
        for action in actions[1:]:
            wall, cpu = medians[action]
            net[action] = (wall - start_wall, cpu - start_cpu)
            print(f"| {action} | {net[action][0]:.2f} | {net[action][1]:.2f} |")
        ratios = [
            ours / theirs
            for ours, theirs in zip(net["land_and_stage"], net["typed_read"], strict=True)
        ]
        print(f"| ratio | {ratios[0]:.2f} | {ratios[1]:.2f} |")
        print(json.dumps({"wall_ratio": round(ratios[0], 3), "cpu_ratio": round(ratios[1], 3)}))


if __name__ == "__main__":
    main()
