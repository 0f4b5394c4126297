"""A random forest of scikit-learn's as a model of XGBoost's: the same trees, the same scores.

What that gains: a file format in which nothing can run, scoring on all cores, and exact Shapley
values.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

_NO_PARENT = 2_147_483_647


def as_booster(forest: RandomForestClassifier, depth: int | None = None) -> xgboost.Booster:
    """The model whose prediction is the forest's share of churned users, mean over its trees.

    Parameters
    ----------
    forest : fitted to two classes; the second one is `churned`.
    depth : cut every tree there: what is below counts as the mean of its users. None: whole trees.

    Returns
    -------
    Booster
        Predicts in single precision, to about 1e-6 of the forest's own probability.
    """
    features = str(forest.n_features_in_)
    count = len(forest.estimators_)
    trees = [
        {"id": number, **_tree(member.tree_, features, count, depth)}
        for number, member in enumerate(forest.estimators_)
    ]
    model = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees))},
        "iteration_indptr": list(range(len(trees) + 1)),
        "tree_info": [0] * len(trees),
        "trees": trees,
        "cats": {"enc": [], "feature_segments": [], "sorted_idx": []},
    }
    learner = {
        "attributes": {},
        "feature_names": [],
        "feature_types": [],
        "gradient_booster": {"name": "gbtree", "model": model},
        "learner_model_param": {
            "base_score": "0",
            "boost_from_average": "0",
            "num_class": "0",
            "num_feature": features,
            "num_target": "1",
        },
        "objective": {
            "name": "reg:squarederror",
            "reg_loss_param": {"scale_pos_weight": "1"},
        },
    }
    booster = xgboost.Booster({"nthread": 1})
    content = json.dumps({"version": [3, 2, 0], "learner": learner}).encode()
    booster.load_model(bytearray(content))
    return booster


def _tree(tree: Any, features: str, trees: int, depth: int | None) -> dict[str, Any]:  # noqa: ANN401 - scikit-learn's trees have no public type
    order = _breadth_first(tree.children_left, tree.children_right, depth)
    # a child that is not there, because its parent is a leaf or is made one, is -1
    place = np.full(tree.node_count + 1, -1)
    place[order] = np.arange(len(order))
    left, right = (place[side[order]] for side in (tree.children_left, tree.children_right))
    inner = np.flatnonzero(left >= 0)
    parents = np.full(len(order), _NO_PARENT)
    parents[left[inner]] = parents[right[inner]] = inner
    share = tree.value[order, 0, 1] / trees
    is_leaf = left < 0
    nothing = [0] * len(order)
    return {
        "base_weights": share.tolist(),
        "left_children": left.tolist(),
        "right_children": right.tolist(),
        "parents": parents.tolist(),
        "split_indices": np.maximum(tree.feature[order], 0).tolist(),
        "split_conditions": np.where(is_leaf, share, _strict(tree.threshold[order])).tolist(),
        "sum_hessian": tree.weighted_n_node_samples[order].tolist(),
        "loss_changes": [0.0] * len(order),
        "default_left": nothing,
        "split_type": nothing,
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "tree_param": {
            "num_deleted": "0",
            "num_feature": features,
            "num_nodes": str(len(order)),
            "size_leaf_vector": "1",
        },
    }


def _breadth_first(
    left: NDArray[np.int64], right: NDArray[np.int64], depth: int | None
) -> NDArray[np.int64]:
    """Nodes level by level: XGBoost takes a right child to stand next to the left one."""
    levels = [np.zeros(1, np.int64)]
    while (inner := levels[-1][left[levels[-1]] >= 0]).size and len(levels) - 1 != depth:
        levels.append(np.column_stack([left[inner], right[inner]]).ravel())
    return np.concatenate(levels)


def _strict(threshold: NDArray[np.float64]) -> NDArray[np.float64]:
    """From "at most this" in double precision to "below this" in single precision."""
    single = threshold.astype(np.float32)
    above = np.nextafter(single, np.float32(np.inf))
    return np.where(single > threshold, single, above).astype(np.float64)
