"""Fitting one algorithm: on every labelled snapshot, on all train users and without each fold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from music_box.artifacts import sha256
from music_box.churn.algorithms import ALGORITHMS, Algorithm, Task
from music_box.churn.calibration import BetaCalibration
from music_box.churn.estimators import Estimator
from music_box.churn.preparation import KEYS, Preparation
from music_box.churn.stored import Model
from music_box.parallel import alone

Flags = NDArray[np.bool_]

# Columns of `churn_examples` that are no features.
_NOT_FEATURES = {*KEYS, "is_churned", "split", "fold", "label_end_date"}

TYPES = {
    "snapshot_date": "date",
    "model_name": "varchar",
    "fold": "bigint",
    "label_end_date": "date",
    "train_rows": "bigint",
    "out_of_fold_auc": "double",
    "parameters": "varchar",
    "parameters_sha256": "varchar",
    "training_data_sha256": "varchar",
    "library_versions": "varchar",
    "skip_reason": "varchar",
    "artifact": "blob",
    "artifact_sha256": "varchar",
}


@dataclass(frozen=True)
class Settings:
    """How fitting is done, from the model's `meta`.

    Parameters
    ----------
    parameters : of the algorithm.
    feature_window_days : stands for "not in the window" where days since something are missing.
    minimum_class_users : nothing is fitted with fewer churned, or fewer staying, train users.
    seed : whatever is random follows from it.
    workers : estimators fitted side by side.
    only_training : fit on the training snapshot alone, not on those that the backtest asks for.
    """

    parameters: dict[str, Any]
    feature_window_days: int
    minimum_class_users: int
    seed: int
    workers: int
    only_training: bool = False


def fit_estimators(
    examples: pd.DataFrame,
    model_name: str,
    meta: Mapping[str, Any],
    algorithm_name: str | None = None,
    features: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Fit one model on every labelled snapshot.

    Parameters
    ----------
    examples : DataFrame
        Users of labelled snapshots: `snapshot_date`, `user_id`, features, `is_churned`, `split`,
        `fold`, `label_end_date`. Those whose split is not `train` are dropped before anything else.
    model_name : name of the model, and of its algorithm unless that is given.
    meta : fields of `Settings`.
    features : columns to learn from; None: all, or the one that the algorithm looks at.

    Returns
    -------
    DataFrame
        A row per fitted estimator, see `TYPES`: for each snapshot one fitted on all train users
        (`fold` missing); for the latest, the training snapshot, also one without each fold. A
        snapshot whose users cannot be learnt from has one row that says why. The calibration is
        fitted on the out-of-fold scores of all folds.

    Raises
    ------
    ValueError
        If a feature is infinite for somebody.
    """
    examples = examples[examples["split"] == "train"]
    settings = Settings(**meta)
    algorithm = ALGORITHMS[algorithm_name or model_name]
    if features is None:
        everything = [column for column in examples.columns if column not in _NOT_FEATURES]
        features = [algorithm.only_feature] if algorithm.only_feature else everything
    training_date = examples["snapshot_date"].max()
    dates = sorted(examples["snapshot_date"].unique())
    rows: list[dict[str, Any]] = []
    for date in dates[-1:] if settings.only_training else dates:
        users = examples[examples["snapshot_date"] == date].sort_values("user_id")
        fitting = Fitting(model_name, algorithm, users, tuple(features), settings)
        rows.extend(fitting.rows(with_folds=date == training_date))
    return pd.DataFrame(rows, columns=list(TYPES))


@dataclass(frozen=True)
class Fitting:
    """One model on the train users of one snapshot, ordered by user."""

    model_name: str
    algorithm: Algorithm
    users: pd.DataFrame
    features: tuple[str, ...]
    settings: Settings

    def rows(self, *, with_folds: bool) -> Iterator[dict[str, Any]]:
        """Rows of the result: the model itself first."""
        row = {
            "snapshot_date": self.users["snapshot_date"].iloc[0],
            "model_name": self.model_name,
            "fold": None,
            "label_end_date": self.users["label_end_date"].iloc[0],
            "train_rows": len(self.users),
            "training_data_sha256": self._data_sha256(),
            "library_versions": json.dumps(
                {name: import_module(name).__version__ for name in self.algorithm.libraries}
            ),
            **_text_and_sha256(self.settings.parameters),
        }
        if reason := self._skip_reason():
            yield {**row, "skip_reason": reason}
            return
        task = self._task(self._preparation(np.ones(len(self.users), bool)))
        parameters = self.algorithm.tune(task, self.settings.parameters)
        row |= _text_and_sha256(parameters)
        models = self._fit(parameters)
        folds, labels = task.folds, task.is_churned
        scores = np.empty(len(labels))
        for fold, (preparation, estimator) in models.items():
            if fold is not None:
                is_out = folds == fold
                scores[is_out] = estimator.raw_scores(preparation.apply(self.users[is_out]))
        highest = float(self.settings.feature_window_days) if self.algorithm.only_feature else 1.0
        calibration = BetaCalibration.fit(scores, labels, highest)
        for fold, (preparation, estimator) in models.items():
            if fold is not None and not with_folds:
                continue
            is_judged = np.ones(len(labels), bool) if fold is None else folds == fold
            artifact = Model(preparation, estimator, calibration).pack()
            yield {
                **row,
                "fold": fold,
                "train_rows": len(labels) if fold is None else int((~is_judged).sum()),
                "out_of_fold_auc": _auc(labels[is_judged], scores[is_judged]),
                "artifact": artifact,
                "artifact_sha256": sha256(artifact),
            }

    def _skip_reason(self) -> str | None:
        labels = self.users["is_churned"].to_numpy(bool)
        least = self.settings.minimum_class_users
        for count, what in ((labels.sum(), "churned"), ((~labels).sum(), "stayed")):
            if count < least:
                return (
                    f"{count} of {len(labels)} train users {what}, fewer than "
                    f"minimum_class_users = {least}"
                )
        folds = self.users["fold"].to_numpy(np.int64)
        for fold in np.unique(folds):
            if len(set(labels[folds != fold])) < 2:  # noqa: PLR2004 - two classes
                return f"without fold {fold} the train users are all of one class"
        return None

    def _task(self, preparation: Preparation) -> Task:
        """What an estimator learns from."""
        return Task(
            matrix=preparation.apply(self.users),
            is_churned=self.users["is_churned"].to_numpy(bool),
            folds=self.users["fold"].to_numpy(np.int64),
            features=self.features,
            seed=self.settings.seed,
            workers=self.settings.workers,
        )

    def _preparation(self, is_in: Flags) -> Preparation:
        """That of an estimator that sees these users, and of no others."""
        window = self.settings.feature_window_days
        if self.algorithm.is_linear:
            return Preparation.for_linear(self.users[is_in], self.features, window)
        return Preparation.for_trees(self.features, window)

    def _fit(self, parameters: dict[str, Any]) -> dict[int | None, tuple[Preparation, Estimator]]:
        """Estimators by the fold that they have not seen; None has seen all users."""
        folds = self.users["fold"].to_numpy(np.int64)
        left_out: list[int | None] = [None, *(int(fold) for fold in np.unique(folds))]

        def fit(fold: int | None) -> tuple[Preparation, Estimator]:
            is_in = np.ones(len(folds), bool) if fold is None else folds != fold
            preparation = self._preparation(is_in)
            return preparation, self.algorithm.fit(self._task(preparation), is_in, parameters)

        description = f"{self.model_name} {self.users['snapshot_date'].iloc[0]:%Y-%m-%d}"
        with ThreadPoolExecutor(self.settings.workers, initializer=alone) as pool:
            fitted = tqdm(
                pool.map(fit, left_out), total=len(left_out), desc=description, delay=10.0
            )
            return dict(zip(left_out, fitted, strict=True))

    def _data_sha256(self) -> str:
        """Of users, features and labels; the order of the users is theirs, not the table's."""
        digest = hashlib.sha256(",".join(self.features).encode())
        for column in ("user_id", "is_churned", *self.features):
            values = self.users[column].to_numpy(np.float64, na_value=np.nan)
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


def _auc(labels: Flags, scores: NDArray[np.float64]) -> float | None:
    return float(roc_auc_score(labels, scores)) if 0 < labels.sum() < len(labels) else None


def _text_and_sha256(parameters: Mapping[str, Any]) -> dict[str, str]:
    text = json.dumps(parameters, sort_keys=True)
    return {"parameters": text, "parameters_sha256": sha256(text.encode())}
