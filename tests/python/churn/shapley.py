"""Exact Shapley values by their definition, for models of few features: every subset is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import xgboost
from sklearn.ensemble import RandomForestClassifier

# From the features known to the expected score of each user, shape (users,).
Game = Callable[[frozenset[int]], np.ndarray]


@dataclass(frozen=True)
class Node:
    """A node of a tree; a leaf has no sides."""

    value: float
    cover: float
    feature: int = -1
    goes_left: Callable[[np.ndarray], np.ndarray] = np.isnan
    sides: tuple[Node, ...] = ()


def shapley_values(game: Game, features: int) -> np.ndarray:
    """What each feature adds, mean over all orders of becoming known; (users, features)."""
    subsets = [
        frozenset(chosen)
        for size in range(features + 1)
        for chosen in combinations(range(features), size)
    ]
    worth = {subset: game(subset) for subset in subsets}
    values = np.zeros((len(worth[frozenset()]), features))
    for subset in subsets[:-1]:
        weight = factorial(len(subset)) * factorial(features - len(subset) - 1)
        for feature in set(range(features)) - subset:
            gain = worth[subset | {feature}] - worth[subset]
            values[:, feature] += weight / factorial(features) * gain
    return values


def sum_of_trees(trees: list[Node], matrix: np.ndarray) -> Game:
    """Path-dependent expectation: at unknown splits the mean by how many went each way."""
    return lambda known: np.sum([_expectation(tree, matrix, known) for tree in trees], axis=0)


def _expectation(node: Node, matrix: np.ndarray, known: frozenset[int]) -> np.ndarray:
    if not node.sides:
        return np.full(len(matrix), node.value)
    left, right = (_expectation(side, matrix, known) for side in node.sides)
    if node.feature in known:
        return np.where(node.goes_left(matrix[:, node.feature]), left, right)
    covers = [side.cover for side in node.sides]
    return np.asarray((covers[0] * left + covers[1] * right) / sum(covers))


def trees_of_forest(forest: RandomForestClassifier) -> list[Node]:
    """Trees whose values are the share of churned users."""

    def node(tree: Any, number: int) -> Node:
        value, cover = tree.value[number, 0, 1], tree.weighted_n_node_samples[number]
        left, right = tree.children_left[number], tree.children_right[number]
        if left == right:
            return Node(value, cover)
        threshold = tree.threshold[number]
        return Node(
            value,
            cover,
            tree.feature[number],
            lambda values: values.astype(np.float32) <= threshold,
            (node(tree, left), node(tree, right)),
        )

    return [node(member.tree_, 0) for member in forest.estimators_]


def trees_of_booster(booster: xgboost.Booster) -> list[Node]:
    """Trees whose values are log-odds."""

    def node(dumped: dict) -> Node:
        if "leaf" in dumped:
            return Node(dumped["leaf"], dumped["cover"])
        sides = {child["nodeid"]: node(child) for child in dumped["children"]}
        threshold = np.float32(dumped["split_condition"])
        return Node(
            np.nan,
            dumped["cover"],
            int(dumped["split"].removeprefix("f")),
            lambda values: values.astype(np.float32) < threshold,
            (sides[dumped["yes"]], sides[dumped["no"]]),
        )

    return [
        node(json.loads(text)) for text in booster.get_dump(dump_format="json", with_stats=True)
    ]
