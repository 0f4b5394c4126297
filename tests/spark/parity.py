"""Two warehouses of the same logs, one built by DuckDB, one by Spark: are their tables equal?

    python -m tests.spark.parity --duckdb FOLDER --spark FOLDER

Everything that dbt built is compared, row for row. Rows are brought into one order by what is exact;
numbers with a fraction may then differ by 1e-9 of their size. What cannot be equal is what estimators
look like as bytes: the last digit of a feature is in them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection
from pyspark.sql import SparkSession

TOLERANCE = 1e-9
# Bytes of fitted estimators, and hashes of these bytes or of what they were fitted on.
OF_BYTES = {"artifact", "artifact_sha256", "training_data_sha256"}
# Where files were found, and where landing has put what it could not use as it was.
OF_PLACE = {"regular_path", "irregular_path"}


@dataclass(frozen=True)
class Comparison:
    """One table in both warehouses."""

    table: str
    rows: int
    other_rows: int
    differing_rows: int
    largest_difference: float
    problem: str

    @property
    def is_equal(self) -> bool:
        """Whether it may pass for the same table."""
        return not self.problem and self.rows == self.other_rows and not self.differing_rows


def exported(warehouse: Path, tables: list[str]) -> Path:
    """Write tables and views of Spark as Parquet files, to be read by DuckDB."""
    folder = warehouse / "spark" / "exported"
    shutil.rmtree(folder, ignore_errors=True)
    spark = (
        SparkSession.builder.enableHiveSupport()
        .config("spark.sql.warehouse.dir", f"{warehouse}/spark/tables")
        .config(
            "spark.driver.extraJavaOptions", f"-Dderby.system.home={warehouse}/spark"
        )
        .config(
            "spark.hadoop.javax.jdo.option.ConnectionURL", "jdbc:derby:;databaseName=metastore"
        )
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    existing = {
        f"{schema.name}.{table.name}"
        for schema in spark.catalog.listDatabases()
        for table in spark.catalog.listTables(schema.name)
    }
    for table in tables:
        if table in existing:
            spark.table(table).write.parquet(f"file://{folder}/{table}")
    spark.stop()
    return folder


def models_of(warehouse: Path) -> list[str]:
    """Schema and name of everything that dbt builds, in the order of the manifest."""
    manifest = json.loads((warehouse / "target/manifest.json").read_text("utf-8"))
    return [
        f"{node['schema']}.{node['alias']}"
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
    ]


def compare(connection: DuckDBPyConnection, table: str, folder: Path) -> Comparison:
    """Compare one table of the attached warehouse with Spark's."""
    ours = f"warehouse.{table}"
    theirs = f"read_parquet('{folder}/{table}/*.parquet')"
    if not (folder / table).exists():
        return Comparison(table, 0, 0, 0, 0.0, "missing on Spark")
    types = {
        name: kind
        for name, kind, *_ in connection.execute(f"describe {ours}").fetchall()
        if name not in OF_BYTES | OF_PLACE
    }
    found = [name for name, *_ in connection.execute(f"describe select * from {theirs}").fetchall()]
    differing = sorted(set(types) ^ (set(found) - OF_BYTES - OF_PLACE))
    if differing:
        return Comparison(table, 0, 0, 0, 0.0, f"columns: {', '.join(differing)}")
    counts = [
        connection.execute(f"select count(*) from {side}").fetchall()[0][0]
        for side in (ours, theirs)
    ]
    if counts[0] != counts[1]:
        return Comparison(table, counts[0], counts[1], 0, 0.0, "")
    inexact = [name for name, kind in types.items() if kind in ("DOUBLE", "FLOAT")]
    exact = [name for name in types if name not in inexact]
    keys = [
        *(f'cast("{name}" as varchar)' if "DECIMAL" in types[name] or types[name] == "HUGEINT" else f'cast("{name}" as {types[name]})' for name in exact),
        *(f'"{name}"' for name in inexact),
    ]
    place = ", ".join(f"{key} nulls last" for key in keys)
    sides = [
        f"select row_number() over (order by {place}) as place, * from {side}"
        for side in (ours, theirs)
    ]
    is_different = [
        *(
            f'cast(ours."{name}" as varchar) is distinct from'
            f' cast(cast(theirs."{name}" as {types[name]}) as varchar)'
            for name in exact
        ),
        *(
            f'coalesce({difference(name)}, (ours."{name}" is null) <> (theirs."{name}" is null)'
            f" ? 1 : 0) > {TOLERANCE}".replace(
                f'(ours."{name}" is null) <> (theirs."{name}" is null) ? 1 : 0',
                f'cast((ours."{name}" is null) <> (theirs."{name}" is null) as integer)',
            )
            for name in inexact
        ),
    ]
    largest = ", ".join(difference(name) for name in inexact) or "0"
    rows, worst = connection.execute(
        f"select count(*) filter (where {' or '.join(is_different)}), max(greatest({largest}))"
        f" from ({sides[0]}) as ours inner join ({sides[1]}) as theirs using (place)"
    ).fetchall()[0]
    problem = ""
    if rows:
        bad = [
            name
            for name, condition in zip([*exact, *inexact], is_different, strict=True)
            if connection.execute(
                f"select count(*) from ({sides[0]}) as ours inner join ({sides[1]}) as theirs"
                f" using (place) where {condition}"
            ).fetchall()[0][0]
        ]
        problem = f"differs in {', '.join(bad)}"
    return Comparison(table, counts[0], counts[1], rows, worst or 0.0, problem)


def difference(name: str) -> str:
    """SQL of the difference of a column's two values, relative to the larger."""
    ours, theirs = f'cast(ours."{name}" as double)', f'cast(theirs."{name}" as double)'
    return (
        f"case when {ours} = {theirs} then 0.0 else"
        f" abs({ours} - {theirs}) / greatest(abs({ours}), abs({theirs}), 1e-3) end"
    )


def main() -> None:
    """Compare everything, print a table, and fail if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--duckdb", type=Path, required=True, help="warehouse that DuckDB built")
    parser.add_argument("--spark", type=Path, required=True, help="warehouse that Spark built")
    parser.add_argument("--only", nargs="*", default=[])
    chosen = parser.parse_args()
    tables = models_of(chosen.spark)
    if chosen.only:
        tables = [t for t in tables if t.split(".")[1] in chosen.only]
    folder = exported(chosen.spark.resolve(), tables)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{chosen.duckdb}/music_box.duckdb' as warehouse (read_only)")
        found = [compare(connection, table, folder) for table in tables]
    print("| table | rows | rows that differ | largest relative difference | |")
    print("|---|--:|--:|--:|---|")
    for row in found:
        rows = f"{row.rows:,}" if row.rows == row.other_rows else f"{row.rows:,} / {row.other_rows:,}"
        print(
            f"| {row.table} | {rows} | {row.differing_rows:,} | {row.largest_difference:.1e} | {row.problem} |"
        )
    unequal = [row.table for row in found if not row.is_equal]
    if unequal:
        sys.exit(f"{len(unequal)} of {len(found)} tables differ: {', '.join(unequal)}")


if __name__ == "__main__":
    main()
