"""The same logs built by DuckDB and by Spark: are the tables equal, row for row?

    python -m tests.spark.parity --folder FOLDER [--users N]

Run in .venv-spark (`make test-spark`). Logs are generated; both engines build everything from them,
with all data tests, Spark on two worker processes besides the driver. Then a delivery goes, one
changes and a day comes, and both build what reads deliveries again, from what they have.

Rows are brought into one order by what is exact; numbers with a fraction may then differ by 1e-9 of
their size. What estimators look like as bytes is left out: the last digit of a feature is in them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
from conftest import QUICK_MODELS
from duckdb import DuckDBPyConnection
from music_box.warehouse import claim
from pyspark.sql import SparkSession

PROJECT = Path(__file__).parents[2]
MASTER = "local-cluster[2,1,1024]"
FIRST_DATE, NEXT_DATE = "2017-03-30", "2017-05-13"
# What reads deliveries.
LOADED = ["landing", "staging", "rpt_deliveries"]

TOLERANCE = 1e-9
# Below this size a difference counts as it is: 0 and the rounding of 0 are equal.
SMALL = 1e-3
# Bytes of fitted estimators and hashes of them, and places of files.
NOT_COMPARED = {
    "artifact",
    "artifact_sha256",
    "training_data_sha256",
    "regular_path",
    "irregular_path",
}
# What only one engine has: the copy that DuckDB publishes, the lists that Spark makes, and what is
# said of them.
NOT_SHARED = {"published_copy", "distributed_als_lists"}
ONLY_ON_SPARK = "als_distributed"
NAMES_OF_RECOMMENDERS = ["recommender", "compared_with"]


@dataclass(frozen=True)
class Comparison:
    """One table in both warehouses."""

    table: str
    rows: int
    other_rows: int
    differing_rows: int = 0
    largest_difference: float = 0.0
    problem: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether it is the same table."""
        return not self.problem and self.rows == self.other_rows and not self.differing_rows


# --- Building -------------------------------------------------------------------------------------


def build(target: str, logs: Path, warehouse: Path, *arguments: str) -> float:
    """Run dbt as a user of this target does; returns wall-clock seconds."""
    warehouse.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "PYTHONPATH": "python_models",
        "RAW_LOGS": str(logs),
        "MUSIC_BOX_WAREHOUSE": str(warehouse),
        "MUSIC_BOX_SPARK_MASTER": MASTER,
        "DBT_PROFILES_DIR": "profiles",
        "DBT_TARGET_PATH": str(warehouse / "target"),
        "DBT_LOG_PATH": str(warehouse / "logs"),
    }
    program = (
        [sys.executable, "-m", "music_box.spark"]
        if target == "spark"
        else [str(Path(sys.executable).with_name("dbt"))]
    )
    began = time.perf_counter()
    subprocess.run(
        [*program, *arguments, "--target", target, "--vars", json.dumps(QUICK_MODELS)],
        cwd=PROJECT,
        env=environment,
        check=True,
    )
    return time.perf_counter() - began


def generate(users: int, folder: Path) -> None:
    """Write logs, unless they are there."""
    if not folder.exists():
        dates = ["--first-date", FIRST_DATE, "--last-date", NEXT_DATE]
        command = [sys.executable, "-m", "music_box.sample_logs", "--users", str(users)]
        known = os.environ | {"PYTHONPATH": "python_models"}
        subprocess.run([*command, *dates, "--out", folder], cwd=PROJECT, env=known, check=True)


def deliver(logs: Path, folder: Path, *, is_next_day: bool) -> None:
    """Fill the folder of deliveries; on the next day one is gone and one has changed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    last = NEXT_DATE.replace("-", "")
    for path in sorted(logs.iterdir()):
        if is_next_day or not path.name.startswith(last):
            shutil.copy2(path, folder / path.name)
    if is_next_day:
        # generated logs lack some parts, and have others twice: any three will do
        gone, changed, other = sorted(folder.glob("*_play.log"))[10:13]
        gone.unlink()
        shutil.copy2(other, changed)


# --- Comparing ------------------------------------------------------------------------------------


def built(warehouse: Path, schemas: Iterable[str] = ()) -> list[str]:
    """Schema and name of what dbt builds on both engines, of these schemas or of all."""
    manifest = json.loads((warehouse / "target/manifest.json").read_text("utf-8"))
    return sorted(
        f"{node['schema']}.{node['alias']}"
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
        and node["name"] not in NOT_SHARED
        and (not schemas or node["schema"] in schemas)
    )


def exported(warehouse: Path, tables: Iterable[str]) -> Path:
    """Tables and views of Spark as Parquet files, which DuckDB reads."""
    folder = warehouse / "spark" / "exported"
    shutil.rmtree(folder, ignore_errors=True)
    settings = {
        "spark.master": "local[*]",
        "spark.sql.warehouse.dir": f"{warehouse}/spark/tables",
        "spark.driver.extraJavaOptions": f'"-Dderby.system.home={warehouse}/spark"',
        "spark.hadoop.javax.jdo.option.ConnectionURL": "jdbc:derby:;databaseName=metastore",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    builder = SparkSession.builder.enableHiveSupport()
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    for table in tables:
        spark.table(table).write.parquet(f"file://{folder / table}")
    spark.stop()
    return folder


def compare(connection: DuckDBPyConnection, table: str, folder: Path) -> Comparison:
    """Compare a table of the attached warehouse with the files of Spark's."""
    connection.execute(f"create or replace temp view ours as from warehouse.{table}")
    connection.execute(
        f"create or replace temp view theirs as from read_parquet('{folder}/{table}/*.parquet')"
    )
    types, other_types = (
        {
            name: kind
            for name, kind, *_ in connection.execute(f"describe {side}").fetchall()
            if name not in NOT_COMPARED
        }
        for side in ("ours", "theirs")
    )
    naming = [name for name in NAMES_OF_RECOMMENDERS if types.get(name) == "VARCHAR"]
    conditions = ["true", *(f"{name} <> '{ONLY_ON_SPARK}'" for name in naming)]
    where = f"where {' and '.join(conditions)}"
    rows, other_rows = (
        connection.execute(f"select count(*) from {side} {where}").fetchall()[0][0]
        for side in ("ours", "theirs")
    )
    if set(types) != set(other_types):
        columns = sorted(set(types) ^ set(other_types))
        return Comparison(table, rows, other_rows, problem=f"columns {', '.join(columns)}")
    if rows != other_rows:
        return Comparison(table, rows, other_rows)
    # as text, which has no width: engines count in other types
    exact = {
        name: f'cast("{name}" as {"varchar" if is_whole(kind) else kind})'
        for name, kind in types.items()
        if kind not in ("DOUBLE", "FLOAT")
    }
    inexact = [name for name in types if name not in exact]
    order = ", ".join(f"{key} nulls last" for key in [*exact.values(), *map(quoted, inexact)])
    for side in ("ours", "theirs"):
        values = ", ".join(
            [f'{key} as "{name}"' for name, key in exact.items()] + [*map(quoted, inexact)]
        )
        connection.execute(
            f"create or replace temp table {side}_in_order as"
            f" select row_number() over (order by {order}) as place, {values} from {side} {where}"
        )
    differences = {
        **{name: f"cast({unequal(name)} as double)" for name in exact},
        **{name: difference(name) for name in inexact},
    }
    sums = ", ".join(
        f"count(*) filter (where {value} > {TOLERANCE}), coalesce(max({value}), 0)"
        for value in differences.values()
    )
    any_difference = " or ".join(f"{value} > {TOLERANCE}" for value in differences.values())
    ((differing, *found),) = connection.execute(
        f"select count(*) filter (where {any_difference}), {sums}"
        " from ours_in_order as ours inner join theirs_in_order as theirs using (place)"
    ).fetchall()
    columns = [name for name, count in zip(differences, found[::2], strict=True) if count]
    largest = dict(zip(differences, found[1::2], strict=True))
    return Comparison(
        table,
        rows,
        other_rows,
        differing,
        max((largest[name] for name in inexact), default=0.0),
        ", ".join(columns),
    )


def is_whole(kind: str) -> bool:
    """Whether a type holds whole numbers or decimals, of whatever width."""
    return kind.startswith("DECIMAL") or kind.endswith("INT") or kind in ("INTEGER", "BIGINT")


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return f'"{name}"'


def unequal(name: str) -> str:
    """SQL: whether a column's two values differ."""
    return f'ours."{name}" is distinct from theirs."{name}"'


def difference(name: str) -> str:
    """SQL: by how much of the larger a column's two numbers differ; 1 where one is missing."""
    ours, theirs = (f'cast({side}."{name}" as double)' for side in ("ours", "theirs"))
    return (
        f"case when not ({ours} is distinct from {theirs}) then 0"
        f" when {ours} is null or {theirs} is null then 1"
        f" else abs({ours} - {theirs}) / greatest(abs({ours}), abs({theirs}), {SMALL}) end"
    )


def compared(warehouses: dict[str, Path], tables: list[str]) -> list[Comparison]:
    """Compare these tables of both warehouses."""
    folder = exported(warehouses["spark"], tables)
    with duckdb.connect() as connection:
        connection.execute(
            f"attach '{warehouses['dev']}/music_box.duckdb' as warehouse (read_only)"
        )
        return [compare(connection, table, folder) for table in tables]


def show(title: str, found: list[Comparison]) -> list[str]:
    """Print a table of comparisons; returns what differs."""
    print(f"\n{title}\n")
    print("| table | rows | rows that differ | largest difference | in |")
    print("|---|--:|--:|--:|---|")
    for row in found:
        rows = f"{row.rows:,}"
        if row.rows != row.other_rows:
            rows += f" / {row.other_rows:,}"
        print(
            f"| {row.table} | {rows} | {row.differing_rows:,} | {row.largest_difference:.1e}"
            f" | {row.problem} |"
        )
    return [row.table for row in found if not row.is_equal]


# --- Both rounds ----------------------------------------------------------------------------------


def main() -> None:
    """Build, compare, change deliveries, build, compare; fail if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, required=True, help="for logs and warehouses")
    parser.add_argument("--users", type=int, default=1_500)
    chosen = parser.parse_args()
    folder = chosen.folder.resolve()
    claim(folder)
    logs, raw_logs = folder / "logs", folder / "raw_logs"
    warehouses = {target: folder / target for target in ("dev", "spark")}
    generate(chosen.users, logs)
    deliver(logs, raw_logs, is_next_day=False)
    seconds = {}
    for target, warehouse in warehouses.items():
        shutil.rmtree(warehouse, ignore_errors=True)
        seconds[target] = build(
            target, raw_logs, warehouse, "build", "--exclude-resource-type", "unit_test"
        )
    tables = built(warehouses["dev"])
    differing = show("Everything", compared(warehouses, tables))

    deliver(logs, raw_logs, is_next_day=True)
    for target, warehouse in warehouses.items():
        build(target, raw_logs, warehouse, "run", "--select", *LOADED)
    loaded = [*built(warehouses["dev"], ["staging"]), "reports.rpt_deliveries"]
    title = "After a delivery has gone, one has changed and a day has come"
    differing += show(title, compared(warehouses, loaded))

    print(f"\nwhole build: DuckDB {seconds['dev']:.0f} s, Spark {seconds['spark']:.0f} s")
    if differing:
        sys.exit(f"Not equal: {', '.join(differing)}")


if __name__ == "__main__":
    main()
