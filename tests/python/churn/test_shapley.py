"""Shapley values from tables against XGBoost's own TreeSHAP."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xgboost
from music_box.churn.shapley import contributions, leaves_of


def grown(rows: int, columns: int, rounds: int, **settings: Any) -> tuple[xgboost.Booster, Any]:
    """Trees on numbers many of which are equal, so that borders and users meet."""
    draws = np.random.default_rng(rows)
    matrix = draws.normal(size=(rows, columns)).round(1)
    score = matrix[:, 0] + matrix[:, 1] * matrix[:, -1] + draws.normal(size=rows)
    common = {"objective": "binary:logistic", "learning_rate": 0.3, "seed": 1}
    data = xgboost.DMatrix(matrix, score > 0)
    return xgboost.train(common | settings, data, rounds), matrix


@pytest.mark.parametrize("depth", [1, 2, 4, 6])
def test_they_are_those_of_xgboost(depth: int) -> None:
    # few columns and many levels: a feature is asked more than once on the way to a leaf
    booster, matrix = grown(3_000, 4, 30, max_depth=depth)
    expected = booster.predict(xgboost.DMatrix(matrix), pred_contribs=True)[:, :-1]
    found = contributions(leaves_of(booster), matrix)
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_they_add_up_to_the_margin_in_blocks_of_users_too() -> None:
    booster, matrix = grown(20_000, 6, 10, max_depth=3)
    data = xgboost.DMatrix(matrix)
    margin = booster.predict(data, output_margin=True)
    start = booster.predict(data, pred_contribs=True)[:, -1]
    np.testing.assert_allclose(
        contributions(leaves_of(booster), matrix).sum(axis=1) + start, margin, atol=1e-4
    )


def test_a_tree_without_a_split_contributes_nothing() -> None:
    booster, matrix = grown(200, 3, 2, max_depth=3, min_child_weight=1e6)
    np.testing.assert_array_equal(contributions(leaves_of(booster), matrix), np.zeros((200, 3)))


def test_nobody_has_no_contributions() -> None:
    booster, matrix = grown(200, 3, 2, max_depth=3)
    assert contributions(leaves_of(booster), matrix[:0]).shape == (0, 3)
