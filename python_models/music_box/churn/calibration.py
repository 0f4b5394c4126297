"""From raw scores to probabilities, by a strictly increasing map: the ranking never changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]

# Keeps the logarithms of scores of exactly 0 and 1 finite.
_MARGIN = 1e-4
# A map that is to increase where scores say nothing, or the opposite, increases this little.
_LEAST_SLOPE = 1e-6


@dataclass(frozen=True)
class BetaCalibration:
    """Beta calibration: log-odds = a log(s) - b log(1 - s) + c, with a, b >= 0 and a + b > 0.

    Kull, Silva Filho and Flach (2017), Beyond sigmoids. It contains the identity and bends either
    end on its own, which a logistic curve cannot; unlike isotonic regression it has no steps, so
    that users with different scores keep different probabilities.

    Parameters
    ----------
    a, b, c : slope at low scores, slope at high scores, intercept.
    highest : raw scores lie in 0 ... highest.
    """

    a: float
    b: float
    c: float
    highest: float

    @classmethod
    def fit(
        cls, raw_scores: Floats, is_churned: NDArray[np.bool_], highest: float = 1.0
    ) -> BetaCalibration:
        """Fit to scores of users whom the estimator has not seen; both classes must occur."""
        logarithms = _logarithms(raw_scores, highest)
        used = [0, 1]
        slopes = np.zeros(2)
        while used:
            # nearly no penalty: the data alone decide, but a perfect separation stays finite
            fitted = LogisticRegression(C=1e6, max_iter=1_000).fit(logarithms[:, used], is_churned)
            if (fitted.coef_[0] >= 0).all():
                slopes[used] = fitted.coef_[0]
                break
            used.remove(used[int(np.argmin(fitted.coef_[0]))])
        if slopes.sum() > _LEAST_SLOPE:
            return cls(float(slopes[0]), float(slopes[1]), float(fitted.intercept_[0]), highest)
        share = float(np.mean(is_churned))
        return cls(_LEAST_SLOPE, _LEAST_SLOPE, float(logit(share)), highest)

    def probability(self, raw_scores: Floats) -> Floats:
        """Calibrated probability of churn of each raw score, same shape."""
        low, high = _logarithms(raw_scores, self.highest).T
        return np.asarray(expit(self.a * low + self.b * high + self.c))


def _logarithms(raw_scores: Floats, highest: float) -> Floats:
    share = _MARGIN + (1 - 2 * _MARGIN) * np.clip(raw_scores / highest, 0, 1)
    return np.column_stack([np.log(share), -np.log1p(-share)])
