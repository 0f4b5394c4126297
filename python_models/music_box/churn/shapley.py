"""Shapley values of shallow trees, from tables: for every user, at a seventh of the usual cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import comb

import numpy as np
import pandas as pd
import xgboost
from numpy.typing import NDArray

from music_box.parallel import in_order

Floats = NDArray[np.float64]

# What a block of users needs fits a core's cache.
_USERS_AT_ONCE = 8_192


@dataclass(frozen=True)
class Split:
    """One decision on the way to a leaf: is the feature below the border, or not."""

    feature: int
    border: np.float32
    is_below: bool


@dataclass(frozen=True)
class Leaf:
    """A leaf, by what leads to it.

    Parameters
    ----------
    features : distinct features on the way.
    splits : for each of them its decisions, all of which have to be met.
    table : shape (2 ** features, features): what each feature contributes, by which of the features
        lead a user to the leaf; the first feature is the lowest bit.
    """

    features: tuple[int, ...]
    splits: tuple[tuple[Split, ...], ...]
    table: Floats


def leaves_of(booster: xgboost.Booster) -> tuple[Leaf, ...]:
    """Leaves of all trees, with what each contributes in every case."""
    return tuple(_leaves(booster.trees_to_dataframe()))


def contributions(leaves: Sequence[Leaf], matrix: Floats) -> Floats:
    """Exact Shapley values of each user's margin, as TreeSHAP defines them (Lundberg et al. 2020).

    What a leaf contributes depends on nothing but which of its features lead there, so that all
    cases of a leaf are worked out once (Yang 2021, "Fast TreeSHAP"). A leaf has as many cases as
    two to the power of its features: this is for trees of few levels.

    Parameters
    ----------
    leaves : see `leaves_of`, of trees on numbers without missing values.
    matrix : shape (users, features).

    Returns
    -------
    array, shape (users, features)
    """
    # one row per feature, in the precision in which the trees were grown
    columns = np.ascontiguousarray(matrix.T, np.float32)
    starts = range(0, len(matrix), _USERS_AT_ONCE)
    blocks = [columns[:, start : start + _USERS_AT_ONCE] for start in starts]
    parts = list(in_order(lambda block: _of_block(leaves, block), blocks))
    return np.concatenate([np.empty((0, matrix.shape[1])), *(part.T for part in parts)])


def _of_block(leaves: Iterable[Leaf], columns: NDArray[np.float32]) -> Floats:
    """Contributions of some users, shape (features, users)."""
    result = np.zeros(columns.shape)
    for leaf in leaves:
        case = np.zeros(columns.shape[1], np.intp)
        for bit, splits in enumerate(leaf.splits):
            case += np.left_shift(_are_met(splits, columns), bit)
        for place, feature in enumerate(leaf.features):
            result[feature] += leaf.table[:, place][case]
    return result


def _are_met(splits: Iterable[Split], columns: NDArray[np.float32]) -> NDArray[np.intp]:
    """1 where a user meets all decisions on a feature, else 0."""
    met = np.ones(columns.shape[1], bool)
    for split in splits:
        met &= (columns[split.feature] < split.border) == split.is_below
    return met.astype(np.intp)


def _leaves(nodes: pd.DataFrame) -> Iterator[Leaf]:
    """Leaves of all trees, from XGBoost's list of nodes."""
    by_id = nodes.set_index("ID").to_dict("index")
    for root in nodes.loc[nodes["Node"] == 0, "ID"]:
        waiting: list[tuple[str, list[Split], dict[int, float]]] = [(root, [], {})]
        while waiting:
            name, way, shares = waiting.pop()
            node = by_id[name]
            if node["Feature"] == "Leaf":
                # a tree that is one leaf says the same of everybody
                if way:
                    yield _leaf(way, shares, node["Gain"])
                continue
            feature = int(node["Feature"].removeprefix("f"))
            for child, is_below in ((node["Yes"], True), (node["No"], False)):
                share = by_id[child]["Cover"] / node["Cover"]
                split = Split(feature, np.float32(node["Split"]), is_below)
                reached = {**shares, feature: shares.get(feature, 1.0) * share}
                waiting.append((child, [*way, split], reached))


def _leaf(way: list[Split], shares: dict[int, float], value: float) -> Leaf:
    """A leaf from the decisions to it, the share of users that a feature lets pass, its value."""
    features = tuple(shares)
    splits = tuple(tuple(split for split in way if split.feature == name) for name in features)
    passing = np.array([shares[name] for name in features])
    return Leaf(features, splits, _table(passing, value))


def _table(passing: Floats, value: float) -> Floats:
    """Shapley values of every case of a leaf, shape (2 ** features, features).

    In the game, a known feature leads to the leaf or does not, and an unknown one does so for its
    share of users; the leaf's value is multiplied by all of these.
    """
    count = len(passing)
    # the first feature, the lowest bit, changes fastest
    leads = _truths(count)[:, ::-1].astype(float)
    known = _truths(count - 1)
    weights = np.array([1 / (count * comb(count - 1, size)) for size in known.sum(axis=1)])
    table = np.zeros((len(leads), count))
    for place in range(count):
        others = np.arange(count) != place
        factors = np.where(known, leads[:, None, others], passing[others])
        reached = factors.prod(axis=2) @ weights
        table[:, place] = value * reached * (leads[:, place] - passing[place])
    return table


def _truths(count: int) -> NDArray[np.bool_]:
    """Every case of some truths, shape (2 ** count, count); the last one changes fastest."""
    return np.array(list(product((False, True), repeat=count)), bool).reshape(2**count, count)
