"""Users for the churn package: few and quick to fit, with every kind of feature of the marts."""

from __future__ import annotations

from functools import cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from music_box.artifacts import sha256
from music_box.churn.stored import Model
from music_box.churn.training import TYPES, fit_estimators
from music_box.frames import typed

WINDOW_DAYS = 30
LABEL_DAYS = 14
# two to backtest on, and the training snapshot
DATES = ("2017-03-31", "2017-04-14", "2017-04-28")
TRAINING = pd.Timestamp(DATES[-1])
FEATURES = (
    "days_since_last_event",
    "days_since_last_download",
    "plays_7d",
    "play_seconds_30d",
    "is_paying",
    "early_skip_share",
    "local_file_share",
)
CONSTANT = "local_file_share"
PARAMETERS: dict[str, dict[str, Any]] = {
    "days_since_last_event": {},
    "logistic_regression": {"C": 1.0},
    "random_forest": {
        "n_estimators": 12,
        "max_depth": 6,
        "min_samples_leaf": 5,
        "tree_users": 1_000,
    },
    "gradient_boosting": {
        "n_estimators": 20,
        "max_depth": 3,
        "learning_rate": 0.2,
        "subsample": 0.8,
        "max_features": 0.7,
        "tree_users": 1_000,
    },
    "tuned_random_forest": {
        "grid": {"n_estimators": [5, 10], "max_depth": [2, 5], "min_samples_leaf": [2, 10]},
        "users": 150,
        "tree_users": 1_000,
    },
    "bagged_boosting": {
        "max_estimators": 60,
        "patience": 5,
        "stopping_users": 1_000,
        "bags": 2,
        "max_depth": 3,
        "learning_rate": 0.2,
        "subsample": 0.6,
        "tree_users": 1_000,
        "max_features": 0.5,
        "min_child_weight": 2,
        "l2": 5,
        "increasing": ["days_since_last_event"],
        "decreasing": ["plays_7d", "searches_that_no_frame_has"],
    },
}
ALGORITHMS = tuple(PARAMETERS)


def generate(dates: tuple[str, ...] = DATES, users: int = 300, seed: int = 1) -> pd.DataFrame:
    """Rows of `churn_examples`: the same users in each snapshot, 80 % of them to learn from."""
    return pd.concat(
        [_snapshot(date, users, seed + number) for number, date in enumerate(dates)],
        ignore_index=True,
    )


def _snapshot(date: str, users: int, seed: int) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    silence = np.minimum(draws.geometric(0.15, users) - 1, WINDOW_DAYS - 1)
    plays = draws.poisson(np.exp(draws.normal(2.5, 1, users)) * (silence < 7))
    days_since_download = (silence + draws.integers(0, 12, users)).astype(float)
    days_since_download[days_since_download >= WINDOW_DAYS] = np.nan
    skips = draws.random(users)
    log_odds = 0.25 * (silence - 5) - 0.5 * np.log1p(plays) + skips
    identifiers = 1_000 + np.arange(users)
    return pd.DataFrame(
        {
            "snapshot_date": pd.Timestamp(date),
            "user_id": identifiers,
            "days_since_last_event": silence,
            "days_since_last_download": days_since_download,
            "plays_7d": plays,
            "play_seconds_30d": plays * 180 + draws.integers(0, 20_000, users),
            "is_paying": draws.random(users) < 0.2,
            "early_skip_share": skips,
            CONSTANT: 0.0,
            "is_churned": draws.random(users) < 1 / (1 + np.exp(-log_odds)),
            "split": np.where(identifiers % 5 == 0, "test", "train"),
            "fold": identifiers // 5 % 5,
            "label_end_date": pd.Timestamp(date) + pd.Timedelta(days=LABEL_DAYS),
        }
    )


def today(users: int = 50, seed: int = 9) -> pd.DataFrame:
    """Rows of `user_features` of the scoring snapshot, on the day of the last labels."""
    known = (TRAINING + pd.Timedelta(days=LABEL_DAYS)).strftime("%Y-%m-%d")
    return generate((known,), users, seed).drop(
        columns=["is_churned", "split", "fold", "label_end_date"]
    )


def meta(name: str, **changes: Any) -> dict[str, Any]:
    """The `meta` of `churn_fit_<name>`, with fewer and smaller trees."""
    return {
        "parameters": PARAMETERS[name],
        "feature_window_days": WINDOW_DAYS,
        "minimum_class_users": 10,
        "seed": 1,
        "workers": 2,
        **changes,
    }


def fit(frame: pd.DataFrame, name: str, **changes: Any) -> pd.DataFrame:
    """Rows of `churn_fits`, as they come back from the database."""
    return stored(fit_estimators(frame, name, meta(name, **changes)))


@cache
def fitted(name: str) -> pd.DataFrame:
    """Rows of `churn_fits` of one model on all generated users; not to be changed."""
    return fit(generate(), name)


def stored(fits: pd.DataFrame) -> pd.DataFrame:
    """What the database makes of a frame of fits."""
    with duckdb.connect() as connection:
        return typed(connection, fits, TYPES).df()


def whole(fits: pd.DataFrame, date: pd.Timestamp = TRAINING) -> pd.Series:
    """The row of the one estimator of a snapshot that has seen all train users."""
    (position,) = np.flatnonzero(fits["fold"].isna() & (fits["snapshot_date"] == date))
    return fits.iloc[position]


def trained(name: str) -> tuple[Model, pd.DataFrame]:
    """A model of the training snapshot, and all its users."""
    frame = generate()
    return Model.unpack(whole(fitted(name))), frame[frame["snapshot_date"] == TRAINING]


def row_of(model: Model, **changes: Any) -> pd.Series:
    """The row of `churn_fits` of a model that no algorithm has fitted."""
    artifact = model.pack()
    return pd.Series(
        {
            "snapshot_date": TRAINING,
            "model_name": "hand_made",
            "fold": None,
            "label_end_date": TRAINING + pd.Timedelta(days=LABEL_DAYS),
            "skip_reason": None,
            "artifact": bytearray(artifact),
            "artifact_sha256": sha256(artifact),
            **changes,
        }
    )
