"""Fitted estimators: plain arrays that score, explain themselves, and say what they hang on.

Every estimator takes the matrix that its `Preparation` makes, shape (users, features).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import xgboost
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.ensemble import RandomForestClassifier

Floats = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]

# Rows that walk down a forest together; few enough for the processor's cache.
_ROWS_AT_ONCE = 8_192
# A smaller change of probability is rounding.
_NO_STEP = 1e-9


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
        """Probability before calibration."""
        return np.asarray(expit(matrix @ self.coefficients + self.intercept))

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
    """A random forest: the mean of its trees' probabilities.

    All nodes of all trees stand one after another, each tree from its root on, a left child right
    behind its parent.

    Parameters
    ----------
    feature : (nodes,) column to split on; -1 in a leaf.
    threshold : (nodes,) at most this goes left.
    right : (nodes,) index of the right child.
    value : (nodes,) share of churned users among those who came here.
    roots : (trees,) index of each root.
    impurity_importance : (features,) mean decrease of impurity, as a share.
    """

    feature: NDArray[np.int16]
    threshold: Floats
    right: NDArray[np.int32]
    value: Floats
    roots: NDArray[np.int64]
    impurity_importance: Floats

    @classmethod
    def of(cls, forest: RandomForestClassifier) -> Forest:
        """The arrays of a forest that scikit-learn has fitted to two classes."""
        trees = [member.tree_ for member in forest.estimators_]
        sizes = np.array([tree.node_count for tree in trees])
        roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        return cls(
            np.maximum(np.concatenate([tree.feature for tree in trees]), -1).astype(np.int16),
            np.concatenate([tree.threshold for tree in trees]),
            np.concatenate(
                [tree.children_right + root for tree, root in zip(trees, roots, strict=True)]
            ).astype(np.int32),
            np.concatenate([tree.value[:, 0, 1] for tree in trees]),
            roots.astype(np.int64),
            _shares(forest.feature_importances_),
        )

    def raw_scores(self, matrix: Floats) -> Floats:
        """Mean over the trees of the share of churned users in the user's leaf."""
        scores = np.zeros(len(matrix))
        for rows, singles in self._blocks(matrix):
            for root in self.roots:
                node = np.full(len(singles), root)
                while (is_inner := self.feature[node] >= 0).any():
                    node = np.where(is_inner, self._child(singles, node), node)
                scores[rows] += self.value[node]
        return np.asarray(scores / len(self.roots))

    def contributions(self, matrix: Floats) -> Floats:
        """Change of the share of churned users along the path, credited to the feature split on.

        Saabas (2014). Sums to the score's distance from the forest's mean, and is brought from
        probability to log-odds by one factor per user, which keeps order and signs.
        """
        credited = np.zeros(matrix.shape)
        for rows, singles in self._blocks(matrix):
            block = credited[rows]
            users = np.arange(len(singles))
            for root in self.roots:
                node = np.full(len(singles), root)
                while (is_inner := self.feature[node] >= 0).any():
                    child = np.where(is_inner, self._child(singles, node), node)
                    # in a leaf the column is the last one, and the step adds nothing
                    block[users, self.feature[node]] += self.value[child] - self.value[node]
                    node = child
        credited /= len(self.roots)
        start = self.value[self.roots].mean()
        step = credited.sum(axis=1)
        end = np.clip(start + step, 1e-4, 1 - 1e-4)
        is_moved = np.abs(step) > _NO_STEP
        slope = 1 / (start * (1 - start))
        factor = np.where(
            is_moved, (logit(end) - logit(start)) / np.where(is_moved, step, 1.0), slope
        )
        return np.asarray(credited * np.abs(factor)[:, None])

    def importance(self) -> Floats:
        """Mean decrease of impurity."""
        return self.impurity_importance

    def arrays(self) -> Arrays:
        """All fields."""
        return vars(self)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Forest:
        """Undo `arrays`."""
        return cls(**arrays)

    def _blocks(self, matrix: Floats) -> list[tuple[slice, Floats]]:
        # scikit-learn compares single precision with thresholds of double precision
        singles = matrix.astype(np.float32).astype(np.float64)
        starts = range(0, len(matrix), _ROWS_AT_ONCE)
        return [
            (slice(row, row + _ROWS_AT_ONCE), singles[row : row + _ROWS_AT_ONCE]) for row in starts
        ]

    def _child(self, singles: Floats, node: NDArray[np.intp]) -> NDArray[np.intp]:
        goes_left = singles[np.arange(len(singles)), self.feature[node]] <= self.threshold[node]
        return np.where(goes_left, node + 1, self.right[node])


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
        """Exact; the last column, the expected log-odds, is left out."""
        data = xgboost.DMatrix(matrix)
        values = [booster.predict(data, pred_contribs=True) for booster in self.boosters]
        return np.asarray(np.mean(values, axis=0, dtype=np.float64))[:, :-1]

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
            f"booster_{number}": np.frombuffer(booster.save_raw("ubj"), np.uint8)
            for number, booster in enumerate(self.boosters)
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Boosting:
        """Undo `arrays`."""
        boosters = []
        for number in range(len(arrays)):
            booster = xgboost.Booster({"nthread": 1})
            booster.load_model(bytearray(arrays[f"booster_{number}"].tobytes()))
            boosters.append(booster)
        return cls(tuple(boosters))


KINDS: dict[str, type[Days | Linear | Forest | Boosting]] = {
    kind.__name__: kind for kind in (Days, Linear, Forest, Boosting)
}


def _shares(values: Floats) -> Floats:
    total = values.sum()
    return np.asarray(values / total) if total > 0 else np.zeros(len(values))
