"""How often simulated intervals hold the truth, and how often chance lets them."""

from __future__ import annotations

import pandas as pd
import pytest
from scipy import stats

CLAIMED = 0.95
# numpy's and pandas' quantile that is number 201 × .975 = 195.975 of 200 sorted resamples
UPPER_SHARE = 194.975 / 199
# Samples of one population: a few in `make test`, where only a wrong kind of interval shows, and
# many in `make test-intervals`, which tell .95 from .90.
SAMPLES = [40, pytest.param(400, marks=pytest.mark.slow)]


def assert_intervals_hold_what_they_claim(
    found: pd.DataFrame, truth: pd.Series, samples: int, bounded: tuple[str, ...] = ()
) -> None:
    """Share of samples whose interval holds the truth, by metric, within the binomial's 99.8 %.

    An interval of a `bounded` metric may hold the truth more often, not less often.
    """
    covered = truth.between(found["lower_bound"], found["upper_bound"])
    coverage = covered.groupby(found["metric"]).agg(["mean", "size"])
    assert (coverage["size"] == samples).all(), coverage
    low, high = stats.binom.interval(0.998, samples, CLAIMED)
    highest = pd.Series(high / samples, coverage.index).where(~coverage.index.isin(bounded), 1.0)
    assert coverage["mean"].between(low / samples, highest).all(), coverage["mean"].to_dict()
