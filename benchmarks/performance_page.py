"""Tables and a plot of what `build.py` measured, for the page on performance.

Writes `performance.md` beside the results, to be read or pasted, and the plot.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from benchmarks.measured_build import WHOLE_COMMAND

PROJECT = Path(__file__).parents[1]
# Stages in the order of the data; whatever Python fits or lists is a stage of its own.
ORDER = ["landing", "staging", "intermediate", "features", "recommendations", "churn", "reports"]
TESTS, SEEDS, PUBLISHED = "data tests", "seeds", "published"
LOADED = ["landing", "staging"]
# The two ways in which everything is built, and what they left behind.
BUILDS = {"one at a time": "whole.jsonl", "nodes side by side": "side_by_side.jsonl"}


def read_lines(path: Path) -> pd.DataFrame:
    """A frame of a file with a line of JSON per row."""
    return pd.DataFrame([json.loads(line) for line in path.read_text("utf-8").splitlines()])


def stage_of(row: pd.Series) -> str:
    """Where a node stands: its folder or, if Python computes it, the model itself."""
    kind, folder = row["node"].split(".")[0], row["path"].split("/")[0]
    if kind == "test":
        return TESTS
    if kind == "seed":
        return SEEDS
    is_python = row["path"].endswith(".py")
    if is_python and folder in ("recommendations", "churn"):
        return f"{folder}: {row['node'].split('.')[-1]}"
    return str(folder)


def stages(nodes: pd.DataFrame) -> pd.DataFrame:
    """Wall and CPU seconds and peak of each stage, in the order of the data."""
    # the others, hooks and exposures, do no work
    nodes = nodes[nodes["node"].str.match(r"(model|seed|test)\.")]
    named = nodes.assign(stage=nodes.apply(stage_of, axis=1))
    sums = named.groupby("stage").agg(
        wall_seconds=("wall_seconds", "sum"),
        cpu_seconds=("cpu_seconds", "sum"),
        peak_gigabytes=("peak_gigabytes", "max"),
    )

    folders = [SEEDS, *ORDER, PUBLISHED, TESTS]
    sums["place"] = [folders.index(part_of(stage)) for stage in sums.index]
    sums["is_python"] = sums.index.str.contains(":")
    in_order = sums.sort_values(
        ["place", "is_python", "cpu_seconds"], ascending=[True, True, False]
    )
    return in_order.drop(columns=["place", "is_python"])


def part_of(stage: str) -> str:
    """The folder of a stage."""
    return stage.split(":", maxsplit=1)[0]


def markdown(table: pd.DataFrame, title: str) -> str:
    """A table of texts and numbers as Markdown, numbers flush right."""
    head = [title, *map(str, table.columns)]
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * len(table.columns)}"]
    for name, row in table.iterrows():
        lines.append(f"| {' | '.join([str(name), *(plain(value) for value in row)])} |")
    return "\n".join(lines)


def plain(value: Any) -> str:
    """A number with as many digits as it is worth; nothing where there is none."""
    if isinstance(value, str):
        return value
    if pd.isna(value):
        return ""
    if float(value).is_integer() and abs(value) >= 1:
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 1 else f"{value:.2f}"


def size_name(users: int) -> str:
    """As the tables name a number of users."""
    return f"{users:,}"


def cost_table(by_users: dict[int, pd.DataFrame]) -> pd.DataFrame:
    """CPU seconds of each stage at each size, growth of the last step, seconds and peak there."""
    sizes = sorted(by_users)
    order = list(by_users[sizes[-1]].index)
    table = pd.DataFrame(
        {f"CPU s, {size_name(users)}": by_users[users]["cpu_seconds"] for users in sizes}
    ).reindex(order)
    largest = by_users[sizes[-1]]
    if len(sizes) > 1:
        growth = table.iloc[:, -1] / table.iloc[:, -2]
        table["growth"] = [f"{ratio:.1f} x" if ratio > 0 else "" for ratio in growth]
    table[f"wall s, {size_name(sizes[-1])}"] = largest["wall_seconds"]
    table[f"peak GB, {size_name(sizes[-1])}"] = largest["peak_gigabytes"]
    return table


def totals_table(folders: dict[int, Path]) -> pd.DataFrame:
    """What went in, and what the whole build took."""
    rows = {}
    for users, folder in sorted(folders.items()):
        size = json.loads((folder / "size.json").read_text("utf-8"))
        rows[size_name(users)] = {
            "raw text, GB": size["raw_bytes"] / 1e9,
            "records, million": size["records"] / 1e6,
            "warehouse, GB": size["warehouse_bytes"] / 1e9,
        }
        for way, name in BUILDS.items():
            # side by side is not measured at every size
            if not (folder / name).exists():
                continue
            nodes = read_lines(folder / name)
            command = nodes[nodes["node"] == WHOLE_COMMAND].iloc[0]
            rows[size_name(users)] |= {
                f"{way}: wall, minutes": command["wall_seconds"] / 60,
                f"{way}: CPU, minutes": command["cpu_seconds"] / 60,
                f"{way}: peak, GB": nodes["peak_gigabytes"].max(),
            }
    return pd.DataFrame(rows).T


def next_day_table(folders: dict[int, Path]) -> pd.DataFrame:
    """The next day beside the whole history."""
    rows = {}
    for users, folder in sorted(folders.items()):
        if not (folder / "daily.jsonl").exists():
            continue
        nodes = read_lines(folder / "daily.jsonl")
        whole, daily = stages(read_lines(folder / "whole.jsonl")), stages(nodes)
        # a run that failed tells what its first stages cost, but not what the rest would
        command = nodes[nodes["node"] == WHOLE_COMMAND].iloc[0]
        is_complete = command["status"] == "success"
        history, day = (part.loc[LOADED, "cpu_seconds"].sum() for part in (whole, daily))
        rows[size_name(users)] = {
            "landing and staging of 44 days, CPU s": history,
            "of one more day, CPU s": day,
            "ratio": f"1 / {history / day:.0f}",
            "whole daily run, wall s": daily["wall_seconds"].sum() if is_complete else None,
            "whole build, wall s": whole["wall_seconds"].sum(),
        }
    return pd.DataFrame(rows).T


def recommender_table(folders: dict[int, Path]) -> pd.DataFrame:
    """What each recommender costs."""
    columns = {}
    for users, folder in sorted(folders.items()):
        if not (folder / "recommenders.jsonl").exists():
            continue
        rows = read_lines(folder / "recommenders.jsonl").set_index("recommender")
        columns[f"fit, CPU s, {size_name(users)}"] = rows["fit_cpu_seconds"]
        columns[f"list of a user, CPU ms, {size_name(users)}"] = rows[
            "list_cpu_milliseconds_per_user"
        ]
    return pd.DataFrame(columns)


def against_table(folders: dict[int, Path]) -> pd.DataFrame:
    """Features and ratings here, in C and in PySpark, on the same logs in the same run."""
    rows = {}
    for users, folder in sorted(folders.items()):
        if not (folder / "against.json").exists():
            continue
        found = json.loads((folder / "against.json").read_text("utf-8"))
        features = [step for step in found["ours"]["steps"] if step["name"] in found["features"]]
        ours = seconds(found["ours"]["steps"])
        programs = {
            "here, features": seconds(features),
            "here, features and ratings": ours,
            **{way: seconds(run["steps"]) for way, run in found["spark"].items()},
        }
        c_cpu = statistics.median(found["c"]["cpu_seconds"]) if found["c"] else None
        if c_cpu:
            rows[f"{size_name(users)}: C, counts by user"] = {"CPU s": c_cpu}
        for program, cost in programs.items():
            rows[f"{size_name(users)}: {program}"] = {
                **cost,
                "wall over here": cost["wall s"] / ours["wall s"],
                "CPU over C": cost["CPU s"] / c_cpu if c_cpu else None,
            }
    return pd.DataFrame(rows, index=["wall s", "CPU s", "wall over here", "CPU over C"]).T


def seconds(steps: list[dict[str, Any]]) -> dict[str, float]:
    """All steps together."""
    return {
        "wall s": sum(step["wall_seconds"] for step in steps),
        "CPU s": sum(step["cpu_seconds"] for step in steps),
    }


def plot(by_users: dict[int, pd.DataFrame], path: Path) -> None:
    """CPU seconds against users, both logarithmic; a straight line of slope 1 is linear."""
    frames = [
        pd.DataFrame(
            {
                "users": users,
                "part": [part_of(stage) for stage in table.index],
                "cpu_seconds": table["cpu_seconds"],
            }
        )
        for users, table in by_users.items()
    ]
    sums = pd.concat(frames).groupby(["users", "part"], as_index=False)["cpu_seconds"].sum()
    whole = sums.groupby("users", as_index=False)["cpu_seconds"].sum().assign(part="whole build")
    lines = pd.concat([sums[sums["part"] != SEEDS], whole])
    chart = (
        alt.Chart(lines)
        .mark_line(point=True)
        .encode(
            alt.X("users:Q", scale=alt.Scale(type="log"), title="users"),
            alt.Y("cpu_seconds:Q", scale=alt.Scale(type="log"), title="CPU seconds"),
            alt.Color(
                "part:N",
                title=None,
                sort=["whole build", *ORDER, PUBLISHED, TESTS],
                scale=alt.Scale(scheme="tableau10"),
            ),
        )
        .properties(width=560, height=360)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    chart.save(str(path), scale_factor=2)


def main() -> None:
    """Write tables and plot of all sizes that were measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, default=PROJECT / "warehouse" / "bench")
    parser.add_argument("--plot", type=Path, default=None, help="file of the plot (png or svg)")
    chosen = parser.parse_args()
    folders = {
        int(path.parent.parent.name): path.parent
        for path in chosen.folder.glob("*/results/size.json")
    }
    by_users = {
        users: stages(read_lines(folder / "whole.jsonl")) for users, folder in folders.items()
    }
    parts = [
        markdown(totals_table(folders), "users"),
        markdown(cost_table(by_users), "stage"),
        markdown(next_day_table(folders), "users"),
        markdown(recommender_table(folders), "recommender"),
        markdown(against_table(folders), "users and program"),
    ]
    text = "\n\n".join(parts)
    (chosen.folder / "performance.md").write_text(text + "\n", "utf-8")
    print(text)
    plot(by_users, chosen.plot or chosen.folder / "cost_against_size.png")


if __name__ == "__main__":
    main()
