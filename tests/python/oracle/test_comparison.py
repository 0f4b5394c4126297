"""The comparison itself: what it lets pass, and what it names."""

from __future__ import annotations

from typing import Any

import pytest

from oracle.comparison import TOLERANCE, compare, difference

EXPECTED = {(1,): {"plays": 3, "share": 0.5}, (2,): {"plays": 0, "share": 0.0}}


@pytest.mark.parametrize(
    ("expected", "actual"), [(3, 3), (None, None), (True, True), (0.5, 0.5 + 1e-10), (2, 2.0)]
)
def test_equal_values_pass(expected: Any, actual: Any) -> None:
    assert difference(expected, actual, TOLERANCE) is not None


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        *[(3, 4), (10**17, 10**17 + 1), (0.5, 0.5 + 1e-8), (0.5, float("nan")), ("a", "A")],
        *[(None, 0), (0, None), (None, False), (True, 1), (False, 0)],
    ],
)
def test_different_values_are_found(expected: Any, actual: Any) -> None:
    assert difference(expected, actual, TOLERANCE) is None


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([(1, 3, 0.5)], "user_id 2: row is missing in the warehouse"),
        ([(1, 3, 0.5), (2, 0, 0.0), (3, 0, 0.0)], "user_id 3: row is too much in the warehouse"),
        ([(1, 3, 0.5), (2, 0, 0.0), (2, 0, 0.0)], "{'user_id': 2}: more than one row"),
        ([(1, 3, 0.5), (2, 1, 0.0)], "user_id 2: plays is 1, expected 0"),
    ],
)
def test_a_difference_is_named(rows: list[tuple], problem: str) -> None:
    comparison = compare("a_table", ["user_id"], EXPECTED, ["plays", "share"], rows)
    assert comparison.problems == [problem]
    with pytest.raises(AssertionError, match="a_table: 1 differences"):
        comparison.fail_if_different()
