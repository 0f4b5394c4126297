"""Twenty readers of the published copy, while it is replaced, and while builds do so."""

from __future__ import annotations

import shutil
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from conftest import WITHOUT_UNIT_TESTS, Warehouse, build
from music_box.publishing.copies import publish

READERS = 20
BUILDS = 2
# What dashboards ask: a count, a join, an aggregate, and a Parquet file.
QUERIES = [
    "select count(*) from copy.churn.churn_risk_users",
    """
    select risk.user_id, songs.song_id from copy.churn.churn_risk_users as risk
    inner join copy.recommendations.recommendations as songs using (user_id)
    order by risk.user_id, songs.rank limit 100
    """,
    "select status, sum(lines) from copy.reports.rpt_deliveries group by status",
    "select count(*) from read_parquet('{published}/user_features.parquet')",
]


@dataclass
class Reading:
    """What readers met: seconds of every query, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def p95(self) -> float:
        """95th percentile of the seconds."""
        return statistics.quantiles(self.seconds, n=20)[-1]


def read(published: Path, is_over: threading.Event, reading: Reading) -> None:
    """Connect, ask everything, go; again and again."""
    while not is_over.is_set():
        try:
            with duckdb.connect() as connection:
                connection.execute("set threads = 1")
                database = published / "music_box.duckdb"
                connection.execute(f"attach '{database}' as copy (read_only)")
                for query in QUERIES:
                    started = time.perf_counter()
                    connection.execute(query.format(published=published)).fetchall()
                    reading.seconds.append(time.perf_counter() - started)
        except duckdb.Error as error:
            reading.problems.append(str(error))
        is_over.wait(0.05)


@dataclass
class Readers:
    """Twenty of them, for as long as the context is open."""

    published: Path
    reading: Reading = field(default_factory=Reading)

    def __enter__(self) -> Reading:
        self.is_over = threading.Event()
        self.threads = [
            threading.Thread(target=read, args=(self.published, self.is_over, self.reading))
            for _ in range(READERS)
        ]
        for thread in self.threads:
            thread.start()
        return self.reading

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join()


@pytest.mark.slow
def test_no_reader_fails_while_builds_publish(
    generated_warehouse: tuple[Path, Warehouse],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    logs, built = generated_warehouse
    warehouse = tmp_path / "warehouse"
    shutil.copytree(built.folder, warehouse, symlinks=True)
    published = warehouse / "published"
    with Readers(published) as alone:
        time.sleep(5)
    first = published.resolve()

    with Readers(published) as beside:
        for _ in range(BUILDS):
            build(logs, warehouse, "--selector", "daily", *WITHOUT_UNIT_TESTS)

    assert published.resolve() != first
    assert alone.problems + beside.problems == []
    for name, reading in {"before": alone, "during": beside}.items():
        record_property(f"queries {name}", len(reading.seconds))
        record_property(f"median milliseconds {name}", 1000 * statistics.median(reading.seconds))
        record_property(f"p95 milliseconds {name}", 1000 * reading.p95())


def test_no_reader_fails_while_copies_are_replaced(
    generated_warehouse: tuple[Path, Warehouse], tmp_path: Path
) -> None:
    _, built = generated_warehouse
    tables = [table for (table,) in built.rows("select table_name from reports.published_copy")]
    published = tmp_path / "published"
    shutil.copy(built.folder / "music_box.duckdb", tmp_path)
    with duckdb.connect(str(tmp_path / "music_box.duckdb")) as connection:
        publish(connection, tables, published)
        with Readers(published) as reading:
            for _ in range(5):
                publish(connection, tables, published)
    assert len(reading.seconds) > READERS
    assert reading.problems == []
