"""Scores and labels that metrics have to survive: ties, constants, one class, one user, borders."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

MIXED, ALL_CHURNED, NONE_CHURNED, ONE_USER, LARGE = (
    "2017-04-28",
    "2017-04-14",
    "2017-03-31",
    "2017-03-17",
    "2017-03-03",
)
USERS = {MIXED: 400, ALL_CHURNED: 30, NONE_CHURNED: 30, ONE_USER: 1, LARGE: 2000}
# 0.29 and 0.57 are doubles whose product with 100 is no whole number
BORDERS = [0, 0.1, 0.2, 0.29, 0.3, 0.4, 0.5, 0.57, 0.6, 0.7, 0.8, 0.9, 1]
BORDERS += [np.nextafter(0.5, 0), np.nextafter(0.5, 1), 1e-300, 1 - 1e-16]
SCORES_DTYPES = {
    "snapshot_date": "date",
    "model_name": "varchar",
    "split": "varchar",
    "user_id": "bigint",
    "fitted_snapshot_date": "date",
    "raw_score": "double",
    "churn_probability": "double",
}
OFFERS = [
    (True, "discount", 0.15, 30.0, 2.0),
    (True, "email", 0.03, 30.0, 0.05),
    (False, "email", 0.03, 20.0, 0.05),
]


def labels() -> pd.DataFrame:
    """Who churned: a user may have different labels in different snapshots."""
    draws = np.random.default_rng(1)
    frames = []
    for snapshot, users in USERS.items():
        churned = draws.random(users) < 0.6
        if snapshot in (ALL_CHURNED, ONE_USER):
            churned[:] = True
        if snapshot == NONE_CHURNED:
            churned[:] = False
        frames.append(
            pd.DataFrame(
                {
                    "snapshot_date": snapshot,
                    "user_id": np.arange(1, users + 1),
                    "is_churned": churned,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def scores() -> pd.DataFrame:
    """Every kind of score, as a model of its own, about the users of every snapshot."""
    draws = np.random.default_rng(2)
    known = labels()
    signal = known["is_churned"].to_numpy() + draws.normal(0, 1, len(known))
    better = signal + 0.3 * known["is_churned"].to_numpy() + draws.normal(0, 0.3, len(known))
    levels = np.round(signal)
    borders = draws.choice(BORDERS, len(known))
    raw_scores = {
        "noisy": signal,
        "noisy_twin": signal,
        "better": better,
        "tied": levels,
        "constant": np.zeros(len(known)),
        "borders": borders,
        "certain": np.where(draws.random(len(known)) < 0.9, 1, 0) == known["is_churned"],
    }
    frames = []
    for model_name, raw_score in raw_scores.items():
        frame = known[["snapshot_date", "user_id"]].assign(
            model_name=model_name,
            split="test",
            fitted_snapshot_date=known["snapshot_date"],
            raw_score=np.asarray(raw_score, dtype=float),
        )
        is_probability = model_name in ("borders", "certain")
        frame["churn_probability"] = (
            frame["raw_score"] if is_probability else 1 / (1 + np.exp(-frame["raw_score"]))
        )
        frames.append(frame)
    # an older model about the same users, and users of whom nothing is known yet
    backtest = frames[2][frames[2]["snapshot_date"] == MIXED].assign(
        model_name="noisy", split="backtest", fitted_snapshot_date=ALL_CHURNED
    )
    unknown = frames[0][frames[0]["snapshot_date"] == MIXED].assign(
        snapshot_date="2017-05-12", split="score"
    )
    return pd.concat([*frames, backtest, unknown], ignore_index=True)[list(SCORES_DTYPES)]


def write(folder: Path, scored: pd.DataFrame) -> None:
    """Put what the metrics read into a warehouse; no scores stand for a build without models."""
    folder.mkdir(parents=True, exist_ok=True)
    known = labels() if len(scored) else labels().head(0)
    scored = scored.astype({name: str for name, kind in SCORES_DTYPES.items() if kind == "date"})
    assert len(known) == 0 or set(known["is_churned"]) == {True, False}
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in SCORES_DTYPES.items())
    with duckdb.connect(str(folder / "music_box.duckdb")) as connection:
        connection.execute("create schema if not exists churn")
        connection.execute("create schema if not exists features")
        connection.execute(
            f"create or replace table churn.churn_scores as select {columns} from scored"
        )
        connection.execute(
            """
            create or replace table churn.churn_examples as
            select
                cast(snapshot_date as date) as snapshot_date, cast(user_id as bigint) as user_id,
                cast(is_churned as boolean) as is_churned
            from known
            """
        )
        connection.execute(
            """
            create or replace table features.user_features as
            select snapshot_date, user_id, user_id % 3 = 0 as is_paying from churn.churn_examples
            """
        )
        connection.execute(
            """
            create or replace table churn.churn_offers (
                snapshot_date date, is_paying boolean, action varchar, success_rate double,
                customer_value double, cost double
            )
            """
        )
        offers = [(snapshot, *offer) for snapshot in USERS for offer in OFFERS]
        connection.executemany("insert into churn.churn_offers values (?, ?, ?, ?, ?, ?)", offers)
