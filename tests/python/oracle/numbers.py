"""The few pieces of arithmetic that the marts share."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence


def percentile(values: Iterable[float], share: float) -> float | None:
    """percentile_cont: the value at `share` of the way along the sorted values, interpolated."""
    ordered = sorted(values)
    if not ordered:
        return None
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = math.ceil(position)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def ratio(numerator: float, denominator: float) -> float:
    """A quotient that is 0 where there is nothing to divide by."""
    return numerator / denominator if denominator else 0.0


def mean(values: Sequence[float]) -> float | None:
    """The mean; none without values."""
    return math.fsum(values) / len(values) if values else None


def population_deviation(values: Sequence[float]) -> float:
    """Standard deviation with n, not n - 1, below; 0 without values."""
    middle = mean(values)
    if middle is None:
        return 0.0
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / len(values))


def sample_deviation(values: Sequence[float]) -> float | None:
    """Standard deviation with n - 1 below; none for fewer than two values."""
    if len(values) < 2:
        return None
    return population_deviation(values) * math.sqrt(len(values) / (len(values) - 1))


def hash_share(salt: str, key: int | str) -> float:
    """A number in [0, 1) that belongs to a user or a pair: the first 32 bits of an md5."""
    digest = hashlib.md5(f"{salt}:{key}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) / 2**32
