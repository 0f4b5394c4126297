"""Which model scores whom: the splits of `churn_predictions`."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from tqdm import tqdm

from music_box.churn.stored import Model

TYPES = {
    "snapshot_date": "date",
    "model_name": "varchar",
    "split": "varchar",
    "user_id": "bigint",
    "fitted_snapshot_date": "date",
    "raw_score": "double",
    "churn_probability": "double",
}


def score(fits: pd.DataFrame, examples: pd.DataFrame, today: pd.DataFrame) -> pd.DataFrame:
    """Score everybody that a stored model is asked about.

    Parameters
    ----------
    fits : DataFrame
        Rows of `churn_fits`.
    examples : DataFrame
        Users of labelled snapshots: features, `split`, `fold`, `label_end_date`.
    today : DataFrame
        Users of the scoring snapshot: `snapshot_date`, `user_id`, features.

    Returns
    -------
    DataFrame
        A row per `snapshot_date`, `model_name`, `split`, `user_id`, see `TYPES`. A model scores a
        snapshot other than its own only if the labels it learnt from were known by then.

    Raises
    ------
    ArtifactError
        If an artifact is not the one that fitting stored.
    ValueError
        If a feature is missing or infinite.
    """
    fitted = fits[fits["skip_reason"].isna()]
    parts: list[pd.DataFrame] = []
    for _, row in tqdm(fitted.iterrows(), total=len(fitted), desc="scores", delay=10.0):
        model = Model.unpack(row)
        for split, users in _asked(row, fitted, examples, today):
            if users.empty:
                continue
            raw_scores = model.raw_scores(users)
            parts.append(
                pd.DataFrame(
                    {
                        "snapshot_date": users["snapshot_date"].to_numpy(),
                        "model_name": row["model_name"],
                        "split": split,
                        "user_id": users["user_id"].to_numpy(),
                        "fitted_snapshot_date": row["snapshot_date"],
                        "raw_score": raw_scores,
                        "churn_probability": model.calibration.probability(raw_scores),
                    }
                )
            )
    return pd.concat(parts) if parts else pd.DataFrame(columns=list(TYPES))


def _asked(
    row: pd.Series, fitted: pd.DataFrame, examples: pd.DataFrame, today: pd.DataFrame
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Whom a fitted estimator scores, by split."""
    own = examples[examples["snapshot_date"] == row["snapshot_date"]]
    is_train = own["split"] == "train"
    if pd.notna(row["fold"]):
        yield "out_of_fold", own[is_train & (own["fold"] == row["fold"])]
        return
    peers = fitted[(fitted["model_name"] == row["model_name"]) & fitted["fold"].isna()]
    if row["snapshot_date"] == fitted["snapshot_date"].max():
        yield "train", own[is_train]
    yield "test", own[~is_train]
    # of the row, not of its users: a daily build may have moved on to other snapshots
    own_days = (row["label_end_date"] - row["snapshot_date"]).days
    is_alike = _label_days(peers) == own_days
    for date, users in _by_date(examples[examples["split"] == "test"]):
        is_same_question = _label_days(users).iloc[0] == own_days
        if is_same_question and _latest_known(peers[is_alike], date) == row["snapshot_date"]:
            yield "backtest", users
    for date, users in _by_date(today):
        if _latest_known(peers, date) == row["snapshot_date"]:
            yield "score", users


def _by_date(users: pd.DataFrame) -> Iterator[tuple[pd.Timestamp, pd.DataFrame]]:
    for date in users["snapshot_date"].unique():
        yield pd.Timestamp(date), users[users["snapshot_date"] == date]


def _latest_known(peers: pd.DataFrame, date: pd.Timestamp) -> pd.Timestamp | None:
    """The latest snapshot among a model's fits whose labels were known on a date."""
    known = peers.loc[peers["label_end_date"] <= date, "snapshot_date"]
    return None if known.empty else pd.Timestamp(known.max())


def _label_days(rows: pd.DataFrame) -> pd.Series:
    """Lengths of label windows: models are judged only by the question that they learnt."""
    return (rows["label_end_date"] - rows["snapshot_date"]).dt.days
