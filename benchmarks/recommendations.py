"""How good the recommenders are on generated logs, and what they cost.

Logs of many users, everything that dbt builds up to the lists, and the tables that judge them; or,
with `--api`, the recommender without dbt beside two that need no tuning, on a small matrix.

Figures on generated logs say that the code finds what was planted, nothing about a real service.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from implicit.als import AlternatingLeastSquares
from music_box.recommendations.estimator import BlendedRecommender, hold_out
from music_box.recommendations.metrics import hits, ndcg
from music_box.recommendations.recommenders import ItemNeighbors
from music_box.recommendations.sparse import Floats, Integers, Matrix, largest
from music_box.recommendations.tuning import batches, leave_out
from music_box.warehouse import claim
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from benchmarks.measured_build import environment

PROJECT = Path(__file__).parents[1]
DBT = Path(sys.executable).with_name("dbt")
BLEND = "learnt_blend"
# The folder of that name, and everything above it.
RECOMMENDATIONS = "+recommendations"
CUT, LONG_CUT = 10, 100
SPLITS = ("temporal", "random")
HEADLINE = "task = 'discovery' and user_group = 'matrix'"

# Without dbt: the share of each user's songs that is hidden, and what the cosine may choose from.
HIDDEN_SHARE = 0.3
SHRINKAGES = (1.0, 3.0, 10.0, 30.0, 100.0)
NEIGHBORS = 100
RESAMPLES = 1_000
IMPLICIT, BLENDED = "implicit's ALS, its defaults", "BlendedRecommender"


@dataclass(frozen=True)
class Run:
    """A command's wall-clock seconds, and the most memory that it and its children held at once."""

    seconds: float
    peak_gigabytes: float


def run(logs: Path, warehouse: Path, *arguments: str) -> Run:
    """Run a command in the project, with these logs and this warehouse."""
    warehouse.mkdir(parents=True, exist_ok=True)
    start, peak = time.perf_counter(), 0.0
    with subprocess.Popen(arguments, cwd=PROJECT, env=environment(logs, warehouse)) as process:
        while process.poll() is None:
            peak = max(peak, tree_gigabytes(process.pid))
            time.sleep(0.5)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return Run(time.perf_counter() - start, peak)


def tree_gigabytes(root: int) -> float:
    """Memory of a process and all its descendants at this moment; what they share counts twice."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True
    ).stdout
    processes = [[int(word) for word in line.split()] for line in listed.splitlines()]
    tree = {root}
    while found := {pid for pid, parent, _ in processes if parent in tree} - tree:
        tree |= found
    return sum(kilobytes for pid, _, kilobytes in processes if pid in tree) / 2**20


def generated(users: int, seed: int, folder: Path) -> tuple[Path, Path]:
    """Folders of the logs, which are written if they are not there, and of the warehouse."""
    folder = folder.resolve() / f"{users}_{seed}"
    logs, warehouse = folder / "logs", folder / "warehouse"
    if not logs.exists():
        arguments = ["--users", str(users), "--seed", str(seed), "--out", str(logs)]
        run(logs, warehouse, sys.executable, "-m", "music_box.sample_logs", *arguments)
    return logs, warehouse


def build(logs: Path, warehouse: Path, selected: str, variables: dict[str, int]) -> Run:
    """Build what is selected, with its data tests."""
    arguments = ["--select", selected, "--exclude-resource-type", "unit_test"]
    return run(logs, warehouse, str(DBT), "build", *arguments, "--vars", json.dumps(variables))


def node_seconds(warehouse: Path) -> pd.Series:
    """Seconds of each model of the last dbt command, by folder and name."""
    target = warehouse / "target"
    nodes = json.loads((target / "manifest.json").read_text("utf-8"))["nodes"]
    results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
    models = [result for result in results if result["unique_id"].startswith("model.")]
    fqns = [nodes[result["unique_id"]]["fqn"] for result in models]
    index = pd.MultiIndex.from_tuples(
        [(fqn[1], fqn[-1]) for fqn in fqns], names=["folder", "model"]
    )
    return pd.Series([result["execution_time"] for result in models], index, name="seconds")


def show(title: str, table: pd.DataFrame) -> None:
    """Print a table under its title."""
    print(f"\n--- {title}\n{table.to_string(float_format='{:.4f}'.format)}", flush=True)


def headline(metrics: pd.DataFrame, columns: list[tuple[str, str, int]]) -> str:
    """A row per recommender, best in the first column first, as the README shows it."""
    titles = [f"{metric}@{k}, {split}" for split, metric, k in columns]
    rows = {
        (row["recommender"], row["split"], row["metric"], row["k"]): row
        for row in metrics.sort_values("value", ascending=False).to_dict("records")
    }
    lines = [f"| recommender | {' | '.join(titles)} |", f"|---|{'---:|' * len(columns)}"]
    for name in [name for name, *column in rows if tuple(column) == columns[0]]:
        cells = [cell(rows[name, *column]) for column in columns]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(row: dict[Hashable, Any]) -> str:
    """A value, with its interval if it has one."""
    text = f"{row['value']:.4f}"
    if pd.notna(row["lower_bound"]):
        text += f" ({row['lower_bound']:.4f} to {row['upper_bound']:.4f})"
    return text


def report_warehouse(warehouse: Path) -> None:
    """Print what the tables say of the recommenders."""
    with duckdb.connect(str(warehouse / "music_box.duckdb"), read_only=True) as connection:

        def table(query: str) -> pd.DataFrame:
            frame: pd.DataFrame = connection.sql(query).df()
            return frame

        metrics = table(
            f"select * from recommendations.recommender_metrics where {HEADLINE}"
            f" and (metric = 'ndcg' and k = {CUT}"
            f" or metric in ('recall', 'coverage') and k = {LONG_CUT})"
        )
        long = [(split, metric, LONG_CUT) for split in SPLITS for metric in ("recall", "coverage")]
        short = [(split, "ndcg", CUT) for split in SPLITS]
        print(
            f"\n--- discovery, users of the utility matrix\n{headline(metrics, short + long[:2])}"
        )
        print(f"\n--- longer lists, both splits\n{headline(metrics, long)}")
        users = metrics[["split", "users", "left_out_users"]].drop_duplicates().set_index("split")
        show("users who are judged, and who have no song to be found", users)
        comparisons = table(
            "select split, metric || '@' || k as metric, compared_with, difference, lower_bound,"
            " upper_bound, is_significant from recommendations.recommender_comparisons"
            f" where {HEADLINE} and recommender = '{BLEND}'"
            f" and (metric = 'ndcg' and k = {CUT} or metric = 'recall' and k = {LONG_CUT})"
            " order by metric, split, difference"
        )
        show(f"{BLEND} minus others", comparisons.set_index(["metric", "split", "compared_with"]))
        errors = table(
            "select recommender, metric, value, users, rated_songs, factors"
            " from recommendations.recommender_metrics where split = 'in_sample' order by all"
        )
        show("errors in-sample", errors.set_index(["recommender", "metric"]))
        overlap = table(
            "select recommenders, top_songs, users, mean_common_songs, example_common_songs"
            " from recommendations.recommender_overlap order by all"
        )
        show("songs in common", overlap.set_index(["recommenders", "top_songs"]))
        tuning = table(
            "select split, recommender, tries, validation_ndcg, decision_ndcg, if(recommender ="
            f" '{BLEND}', json_extract_string(parameters, '$.weights'), parameters) as parameters"
            " from recommendations.recommender_tuning order by split, decision_ndcg desc"
        )
        ndcg_columns = tuning.drop(columns="parameters").set_index(["split", "recommender"])
        show("chosen on validation users", ndcg_columns)
        for row in tuning.to_dict("records"):
            print(f"{row['split']} {row['recommender']}: {row['parameters']}")
        policies = table(
            "select snapshot_date, split, policy, validation_ndcg, is_chosen"
            " from recommendations.blend_decisions order by split, policy"
        )
        show("policies", policies.set_index(["split", "policy"]))
        served = table("from recommendations.recommendation_policies")
        show("policy that is served", served.set_index("snapshot_date"))


def judge_warehouse(users: int, seed: int, folder: Path, variables: dict[str, int]) -> None:
    """Generate, build, and print what it cost and how good it is."""
    logs, warehouse = generated(users, seed, folder)
    whole = build(logs, warehouse, RECOMMENDATIONS, variables)
    seconds = node_seconds(warehouse)
    own = seconds.loc["recommendations"].sort_values(ascending=False)
    print(
        f"\n{users:,} users, seed {seed}: build with data tests {whole.seconds:.0f} s, peak of all"
        f" processes {whole.peak_gigabytes:.1f} GB"
    )
    sums = seconds.groupby(level="folder").sum().sort_values(ascending=False)
    show("seconds by folder of models", sums.to_frame())
    show("seconds by model of recommendations", own.to_frame())
    report_warehouse(warehouse)


def play_counts(users: int, seed: int, folder: Path) -> Matrix:
    """Plays of each user and song in the training snapshot's window, cleaned, without bots."""
    logs, warehouse = generated(users, seed, folder)
    build(logs, warehouse, "+rated_songs +recommendation_splits", {})
    with duckdb.connect(str(warehouse / "music_box.duckdb"), read_only=True) as connection:
        pairs = connection.sql(
            "select user_id, song_id, plays from recommendations.rated_songs"
            " where plays > 0 and snapshot_date = (select snapshot_date"
            " from recommendations.recommendation_splits where split = 'temporal')"
            " order by user_id, song_id"
        ).df()
    user, song = (pd.factorize(pairs[name], sort=True)[0] for name in ("user_id", "song_id"))
    return sparse.csr_matrix((pairs["plays"].to_numpy(np.float32), (user, song)))


def by_scores(known: Matrix, users: Integers, scores: Callable[[Matrix], Floats]) -> Integers:
    """The best songs by these scores that a user does not know."""
    lists = []
    for batch in batches(users, known.shape[1]):
        values = scores(known[batch])
        leave_out(values, known[batch])
        lists.append(largest(values, CUT))
    return np.concatenate(lists)


def judge_api(users: int, seed: int, folder: Path, tries: dict[str, int]) -> None:
    """Print NDCG@10 on hidden songs: popularity, `implicit`, cosines, and the blend over both."""
    known, hidden = hold_out(play_counts(users, seed, folder), HIDDEN_SHARE, seed + 100)
    judged = np.flatnonzero(hidden.getnnz(1))
    relevant = hidden[judged]
    print(
        f"\n{known.shape[0]:,} users, {known.shape[1]:,} songs, {known.nnz:,} known pairs,"
        f" {hidden.nnz:,} hidden ones of {len(judged):,} users"
    )

    def popular_lists() -> Integers:
        listeners = known.getnnz(0).astype(np.float32)
        return by_scores(known, judged, lambda rows: np.tile(listeners, (rows.shape[0], 1)))

    def implicit_lists() -> Integers:
        # its own threads share the work, and it warns if those of linear algebra do so too
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(random_state=seed)
            model.fit(known, show_progress=False)
            return np.asarray(model.recommend(judged, known[judged], N=CUT)[0], np.int64)

    def cosine_lists(shrinkage: float) -> Integers:
        model = ItemNeighbors(neighbors=NEIGHBORS, shrinkage=shrinkage)
        model.fit(known, seed)
        return by_scores(known, judged, model.scores)

    def blend_lists() -> Integers:
        return BlendedRecommender(seed=seed, **tries).fit(known).recommend(judged, CUT)[0]

    cosines = {f"cosine, shrunk by {one:g}": partial(cosine_lists, one) for one in SHRINKAGES}
    every: dict[str, Callable[[], Integers]] = {
        "popularity": popular_lists,
        IMPLICIT: implicit_lists,
        **cosines,
        BLENDED: blend_lists,
    }
    found: dict[str, NDArray[np.float64]] = {}
    rows = []
    for name, lists in every.items():
        start = time.perf_counter()
        found[name] = ndcg(hits(lists(), relevant), relevant.getnnz(1))
        rows.append((name, found[name].mean(), time.perf_counter() - start))
    table = pd.DataFrame(rows, columns=["recommender", f"ndcg@{CUT}", "seconds"])
    show("hidden songs", table.set_index("recommender"))
    # chosen on the very songs that judge it: at least as good as anybody could have known
    best = max(cosines, key=lambda name: found[name].mean())
    ratios = {name: ratio(found[BLENDED], found[name]) for name in (IMPLICIT, best)}
    show(f"{BLENDED}, NDCG@{CUT} over that of others", pd.DataFrame(ratios).T)


def ratio(ours: NDArray[np.float64], others: NDArray[np.float64]) -> pd.Series:
    """Ratio of two means over the same users, with the 95 % interval of resampled users."""
    counts = np.random.default_rng(1).poisson(1.0, (RESAMPLES, len(ours)))
    lower, upper = np.quantile((counts @ ours) / (counts @ others), [0.025, 0.975])
    return pd.Series(
        {"ratio": ours.mean() / others.mean(), "lower_bound": lower, "upper_bound": upper}
    )


def main() -> None:
    """Judge the warehouse's recommenders, or the one without dbt."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--api", action="store_true", help="judge the recommender without dbt")
    parser.add_argument("--users", type=int, help="60,000; with --api 2,000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tries", type=int, help="sets of parameters tried for each recommender")
    parser.add_argument("--folder", type=Path, default=PROJECT / "warehouse" / "evaluation")
    chosen = parser.parse_args()
    claim(chosen.folder)
    if chosen.api:
        tries = {} if chosen.tries is None else {"tries": chosen.tries}
        judge_api(chosen.users or 2_000, chosen.seed, chosen.folder, tries)
    else:
        variables = {} if chosen.tries is None else {"tuning_tries": chosen.tries}
        judge_warehouse(chosen.users or 60_000, chosen.seed, chosen.folder, variables)


if __name__ == "__main__":
    main()
