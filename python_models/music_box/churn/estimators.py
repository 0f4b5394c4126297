"""Fitted estimators: plain arrays that score, explain themselves, and say what they hang on.

Every estimator takes the matrix that its `Preparation` makes, shape (users, features).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import xgboost
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.ensemble import RandomForestClassifier

from music_box.churn.forests import as_booster
from music_box.churn.shapley import Leaf, contributions, leaves_of

Floats = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]

# A smaller change of probability is rounding.
_NO_STEP = 1e-6
# Splits below are not credited in forests.
_EXPLAINED_DEPTH = 10
# Keeps the log-odds of scores of 0 and 1 finite.
_LEAST_SHARE = 1e-4


class Estimator(Protocol):
    """What scoring, explaining and storing ask of a fitted estimator."""

    def raw_scores(self, matrix: Floats) -> Floats:
        """Score of each user, shape (users,): higher is likelier to churn."""

    def contributions(self, matrix: Floats) -> Floats:
        """What each feature adds to each user's log-odds, shape (users, features)."""

    def importance(self) -> Floats:
        """The estimator's own measure of each feature, shape (features,), adding up to 1."""

    def arrays(self) -> Arrays:
        """Everything needed to make the estimator again, see `from_arrays`."""


@dataclass(frozen=True)
class Days:
    """The baseline: the score is the one feature itself, a number of days."""

    mean_days: float

    def raw_scores(self, matrix: Floats) -> Floats:
        """The days."""
        return np.asarray(matrix[:, 0])

    def contributions(self, matrix: Floats) -> Floats:
        """Days above the mean; only their sign and order mean something."""
        return np.asarray(matrix - self.mean_days)

    def importance(self) -> Floats:
        """All of it."""
        return np.ones(1)

    def arrays(self) -> Arrays:
        """The mean."""
        return {"mean_days": np.array([self.mean_days])}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Days:
        """Undo `arrays`."""
        return cls(float(arrays["mean_days"][0]))


@dataclass(frozen=True)
class Linear:
    """Logistic regression on features of mean 0.

    Its contributions are the Shapley values of the log-odds for independent features (Štrumbelj and
    Kononenko 2014): coefficient times distance from the mean.
    """

    coefficients: Floats
    intercept: float

    def raw_scores(self, matrix: Floats) -> Floats:
        """Probability before calibration, the same to the bit whichever rows stand beside it."""
        # the last digits of a matrix product depend on the place of a row, those of a sum do not
        log_odds = np.ascontiguousarray(self.contributions(matrix)).sum(axis=1) + self.intercept
        return np.asarray(expit(log_odds))

    def contributions(self, matrix: Floats) -> Floats:
        """Exact."""
        return np.asarray(matrix * self.coefficients)

    def importance(self) -> Floats:
        """Absolute coefficient of each standardised feature, as a share."""
        return _shares(np.abs(self.coefficients))

    def arrays(self) -> Arrays:
        """Coefficients and intercept."""
        return {"coefficients": self.coefficients, "intercept": np.array([self.intercept])}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Linear:
        """Undo `arrays`."""
        return cls(arrays["coefficients"], float(arrays["intercept"][0]))


@dataclass(frozen=True)
class Forest:
    """A random forest: the mean of its trees' shares of churned users.

    Its contributions are Shapley values of that mean by TreeSHAP (Lundberg et al. 2020), of trees
    cut at a depth of ten splits, because their cost grows with the square of the depth. One factor
    per user brings them from probability to log-odds, which keeps order and signs.

    Parameters
    ----------
    booster : the trees, see `forests.as_booster`.
    explaining : the same, cut.
    impurity_importance : (features,) mean decrease of impurity, as a share.
    """

    booster: xgboost.Booster
    explaining: xgboost.Booster
    impurity_importance: Floats

    @classmethod
    def of(cls, forest: RandomForestClassifier) -> Forest:
        """A forest that scikit-learn has fitted to two classes."""
        cut = as_booster(forest, _EXPLAINED_DEPTH)
        return cls(as_booster(forest), cut, _shares(forest.feature_importances_))

    def raw_scores(self, matrix: Floats) -> Floats:
        """Mean over the trees of the share of churned users in the user's leaf."""
        return np.asarray(self.booster.predict(xgboost.DMatrix(matrix)), np.float64)

    def contributions(self, matrix: Floats) -> Floats:
        """Exact for the cut trees; with whole trees the leading feature is mostly the same."""
        values = self.explaining.predict(xgboost.DMatrix(matrix), pred_contribs=True)
        shares, start = values[:, :-1].astype(np.float64), values[:, -1].astype(np.float64)
        step = shares.sum(axis=1)
        end = np.clip(start + step, _LEAST_SHARE, 1 - _LEAST_SHARE)
        is_moved = np.abs(step) > _NO_STEP
        slope = (logit(end) - logit(start)) / np.where(is_moved, step, 1.0)
        factor = np.where(is_moved, np.abs(slope), 1 / (start * (1 - start)))
        return np.asarray(shares * factor[:, None])

    def importance(self) -> Floats:
        """Mean decrease of impurity."""
        return self.impurity_importance

    def arrays(self) -> Arrays:
        """XGBoost's own binary JSON of the trees, and the importance."""
        return {
            "booster": _bytes_of(self.booster),
            "explaining": _bytes_of(self.explaining),
            "impurity_importance": self.impurity_importance,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Forest:
        """Undo `arrays`."""
        booster, explaining = (_booster_of(arrays[name]) for name in ("booster", "explaining"))
        return cls(booster, explaining, arrays["impurity_importance"])


@dataclass(frozen=True)
class Boosting:
    """One or several gradient-boosted ensembles of trees, averaged in log-odds.

    Its contributions are exact Shapley values of the log-odds by TreeSHAP (Lundberg et al. 2020).
    """

    boosters: tuple[xgboost.Booster, ...]

    def raw_scores(self, matrix: Floats) -> Floats:
        """Probability before calibration."""
        data = xgboost.DMatrix(matrix)
        margins = [booster.predict(data, output_margin=True) for booster in self.boosters]
        return np.asarray(expit(np.mean(margins, axis=0, dtype=np.float64)))

    def contributions(self, matrix: Floats) -> Floats:
        """Exact."""
        every = [contributions(leaves, matrix) for leaves in self._leaves]
        return np.asarray(np.mean(every, axis=0))

    @cached_property
    def _leaves(self) -> list[tuple[Leaf, ...]]:
        # worked out once, however many parts the users are explained in
        return [leaves_of(booster) for booster in self.boosters]

    def importance(self) -> Floats:
        """Loss that splits on the feature remove."""
        total = np.zeros(self.boosters[0].num_features())
        for booster in self.boosters:
            for feature, gain in booster.get_score(importance_type="total_gain").items():
                total[int(feature.removeprefix("f"))] += gain
        return _shares(total)

    def arrays(self) -> Arrays:
        """XGBoost's own binary JSON of each booster."""
        return {
            f"booster_{number}": _bytes_of(booster) for number, booster in enumerate(self.boosters)
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Boosting:
        """Undo `arrays`."""
        return cls(tuple(_booster_of(arrays[f"booster_{n}"]) for n in range(len(arrays))))


KINDS: dict[str, type[Days | Linear | Forest | Boosting]] = {
    kind.__name__: kind for kind in (Days, Linear, Forest, Boosting)
}


def _shares(values: Floats) -> Floats:
    total = values.sum()
    return np.asarray(values / total) if total > 0 else np.zeros(len(values))


def _bytes_of(booster: xgboost.Booster) -> NDArray[np.uint8]:
    return np.frombuffer(booster.save_raw("ubj"), np.uint8)


def _booster_of(content: NDArray[Any]) -> xgboost.Booster:
    booster = xgboost.Booster()
    booster.load_model(bytearray(content.tobytes()))
    return booster
