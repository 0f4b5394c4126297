"""From a frame of features to the matrix an estimator sees; part of every stored estimator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KEYS = ("snapshot_date", "user_id")
DAYS_SINCE = "days_since_"


def check_features(frame: pd.DataFrame, features: Sequence[str]) -> None:
    """Refuse values that are no numbers a model can learn from.

    Raises
    ------
    ValueError
        If a feature is missing, or infinite for somebody; says which and for whom.
    """
    missing = [feature for feature in features if feature not in frame]
    if missing:
        message = (
            f"the features {', '.join(missing)} are not in the table, but the stored models "
            "were fitted with them: fit again (dbt build --selector training)"
        )
        raise ValueError(message)
    for feature in features:
        is_infinite = np.isinf(frame[feature].to_numpy(np.float64, na_value=np.nan))
        if is_infinite.any():
            first = frame.loc[is_infinite].iloc[0]
            message = (
                f"{feature} is infinite for {is_infinite.sum()} users, the first of them user "
                f"{first['user_id']} of snapshot {first['snapshot_date']:%Y-%m-%d}: a ratio there "
                "divides by zero, see the macro `ratio`"
            )
            raise ValueError(message)


@dataclass(frozen=True)
class Preparation:
    """Imputation, logarithms and scaling with the numbers they need.

    Parameters
    ----------
    features : names of the columns, in the order of the matrix.
    fill : value for missing days since something, which did not happen in the window: the
        window's length is the smallest number that says so. Any other feature is missing where the
        logs do not tell it of anybody; 0 then says of everybody the same.
    is_logarithmic : (features,) take the logarithm, sign(x) log(1 + |x|).
    center, scale : (features,) subtracted and divided by after that.
    """

    features: tuple[str, ...]
    fill: float
    is_logarithmic: NDArray[np.bool_]
    center: Floats
    scale: Floats

    @classmethod
    def for_trees(cls, features: Sequence[str], window_days: int) -> Preparation:
        """Imputation alone: trees do not mind scales."""
        count = len(features)
        return cls(
            tuple(features),
            float(window_days),
            np.zeros(count, bool),
            np.zeros(count),
            np.ones(count),
        )

    @classmethod
    def for_linear(
        cls, frame: pd.DataFrame, features: Sequence[str], window_days: int
    ) -> Preparation:
        """Logarithms of counts and durations, then mean 0 and standard deviation 1.

        Counts and durations are told by reaching beyond the window's number of days, which no share
        and no number of days does. A constant feature becomes 0 everywhere.
        """
        plain = cls.for_trees(features, window_days).apply(frame)
        is_logarithmic = (plain.min(axis=0) >= 0) & (plain.max(axis=0) > window_days)
        values = np.where(is_logarithmic, _signed_logarithm(plain), plain)
        deviation = values.std(axis=0)
        is_constant = deviation <= 1e-12 * np.maximum(1.0, np.abs(values).max(axis=0))
        return cls(
            tuple(features),
            float(window_days),
            is_logarithmic,
            values.mean(axis=0),
            np.where(is_constant, 1.0, deviation),
        )

    def apply(self, frame: pd.DataFrame) -> Floats:
        """Matrix of shape (users, features) of a frame that has the features as columns.

        Raises
        ------
        ValueError
            See `check_features`.
        """
        check_features(frame, self.features)
        values = np.empty((len(frame), len(self.features)))
        for column, feature in enumerate(self.features):
            fill = self.fill if feature.startswith(DAYS_SINCE) else 0.0
            values[:, column] = frame[feature].to_numpy(np.float64, na_value=fill)
        if self.is_logarithmic.any():
            values = np.where(self.is_logarithmic, _signed_logarithm(values), values)
        return np.asarray((values - self.center) / self.scale)


def _signed_logarithm(values: Floats) -> Floats:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))
