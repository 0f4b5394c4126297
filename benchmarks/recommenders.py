"""What each recommender costs alone, on a built warehouse: fitting today's users, listing some.

Run by `build.py`, which sets the warehouse. One core: CPU seconds are what several cores share.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import duckdb
import numpy as np
from music_box.recommendations.recommenders import Recommender
from music_box.recommendations.sparse import largest
from music_box.recommendations.tuning import batches, leave_out
from music_box.recommendations.warehouse.chosen import KINDS, Chosen
from music_box.recommendations.warehouse.split_data import SplitData, read_splits
from threadpoolctl import threadpool_limits

from benchmarks.measured_build import forget_peak, peak_gigabytes

LISTED_USERS, PLACES = 2_000, 100
# as in dbt_project.yml
LIKED_RATING = 4


def served(connection: duckdb.DuckDBPyConnection) -> SplitData:
    """What is known of today's users."""
    names = ["splits", "examples", "users", "catalogue", "exclusions"]
    splits, examples, users, catalogue, exclusions = (
        connection.table(f"recommendations.recommendation_{name}") for name in names
    )
    every = read_splits(
        ["serve"], splits, examples, users, catalogue, exclusions, liked_rating=LIKED_RATING
    )
    return next(every)


def list_some(recommender: Recommender, data: SplitData) -> int:
    """Make lists for some of the users; returns how many."""
    drawn = np.random.default_rng(1).permutation(len(data.users))[:LISTED_USERS]
    for batch in batches(np.sort(drawn), len(data.songs)):
        rows = data.ratings[batch]
        scores = recommender.scores(rows)
        leave_out(scores, rows)
        largest(scores, min(PLACES, scores.shape[1]))
    return len(drawn)


def main() -> None:
    """Fit and list with each recommender; a line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    chosen = parser.parse_args()
    database = Path(os.environ["MUSIC_BOX_WAREHOUSE"]) / "music_box.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        data = served(connection)
        tuning = connection.table("recommendations.recommender_tuning").df()
    parameters = Chosen.of(tuning, data.split).parameters
    with chosen.out.open("w", encoding="utf-8") as file, threadpool_limits(1):
        for name, kind in KINDS.items():
            forget_peak()
            began = time.process_time()
            recommender = kind.recommender(**parameters[name])
            recommender.fit(data.ratings, seed=1)
            fitted = time.process_time()
            users = list_some(recommender, data)
            row = {
                "recommender": name,
                "users": len(data.users),
                "ratings": int(data.ratings.nnz),
                "fit_cpu_seconds": fitted - began,
                "list_cpu_milliseconds_per_user": (time.process_time() - fitted) / users * 1e3,
                "peak_gigabytes": peak_gigabytes(),
            }
            print(json.dumps(row), file=file, flush=True)


if __name__ == "__main__":
    main()
