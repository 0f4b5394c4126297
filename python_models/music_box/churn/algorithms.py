"""How each algorithm is tuned and fitted. A fit is single-threaded: several share the cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from music_box.churn.estimators import Boosting, Days, Estimator, Forest, Linear
from music_box.parallel import alone

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Folds = NDArray[np.int64]
Parameters = dict[str, Any]

# XGBoost's histograms; its name for what the study's library calls otherwise.
_BOOSTING_NAMES = {
    "max_depth": "max_depth",
    "learning_rate": "learning_rate",
    "max_features": "colsample_bynode",
    "min_child_weight": "min_child_weight",
    "l2": "reg_lambda",
}


@dataclass(frozen=True)
class Task:
    """What is learnt from, and with what.

    Parameters
    ----------
    matrix : (users, features) prepared features.
    is_churned : (users,) labels.
    folds : (users,) fold of each user.
    features : names of the columns.
    seed : whatever is random follows from it.
    workers : threads that tuning may use.
    """

    matrix: Floats
    is_churned: Flags
    folds: Folds
    features: tuple[str, ...]
    seed: int
    workers: int

    def split(self) -> Iterator[tuple[Flags, Flags]]:
        """Users to learn from and users left out, for each fold that has users."""
        for fold in np.unique(self.folds):
            is_out = self.folds == fold
            yield ~is_out, is_out


def _keep(task: Task, parameters: Parameters) -> Parameters:  # noqa: ARG001 - every algorithm is tuned alike
    return parameters


@dataclass(frozen=True)
class Algorithm:
    """One algorithm.

    Parameters
    ----------
    fit : estimator of a matrix, labels, parameters, names of the features and seed.
    tune : parameters to fit with, found by the folds of a task; without it they are as given.
    libraries : modules that fit it, for the record of versions.
    is_linear : features are to be prepared for a linear model.
    only_feature : the one feature it looks at; None: all.
    """

    fit: Callable[[Task, Flags, Parameters], Estimator]
    libraries: tuple[str, ...]
    tune: Callable[[Task, Parameters], Parameters] = field(default=_keep)
    is_linear: bool = False
    only_feature: str | None = None


def fit_days(task: Task, rows: Flags, parameters: Parameters) -> Days:  # noqa: ARG001 - every algorithm is fitted alike
    """Fit nothing: the feature is the score."""
    return Days(float(task.matrix[rows, 0].mean()))


def fit_logistic_regression(task: Task, rows: Flags, parameters: Parameters) -> Linear:
    """Fit a logistic regression with an L2 penalty of 1 / (2 C)."""
    # many users and few features: Newton's method needs a handful of steps
    fitted = LogisticRegression(C=parameters["C"], solver="newton-cholesky").fit(
        task.matrix[rows], task.is_churned[rows]
    )
    return Linear(fitted.coef_[0], float(fitted.intercept_[0]))


def fit_random_forest(task: Task, rows: Flags, parameters: Parameters) -> Forest:
    """Fit a random forest (Breiman 2001) with the square root of all features tried per split.

    Each tree is grown on users drawn with replacement: as many as there are, or `tree_users` of
    them. What one tree does not see, others do.
    """
    fitted = RandomForestClassifier(
        n_estimators=parameters["n_estimators"],
        max_depth=parameters["max_depth"],
        min_samples_leaf=parameters["min_samples_leaf"],
        max_samples=min(int(rows.sum()), parameters["tree_users"]),
        random_state=task.seed,
    ).fit(task.matrix[rows], task.is_churned[rows])
    return Forest.of(fitted)


def tune_random_forest(task: Task, parameters: Parameters) -> Parameters:
    """Choose a forest by AUC of probabilities, mean over the folds, on at most `users` users.

    A forest of 200 trees begins with the forest of 100 trees of the same seed, so that one fit
    answers for every number of trees of the grid.

    Returns
    -------
    dict
        The chosen `n_estimators`, `max_depth` and `min_samples_leaf`, and `search`: the mean AUC of
        every setting, the best first.
    """
    grid = parameters["grid"]
    sizes = sorted(grid["n_estimators"])
    chosen = _stratified(task.is_churned, parameters["users"], task.seed)
    matrix, labels, folds = task.matrix[chosen], task.is_churned[chosen], task.folds[chosen]
    sample = Task(matrix, labels, folds, task.features, task.seed, task.workers)
    splits = [pair for pair in sample.split() if _has_both(labels[pair[0]], labels[pair[1]])]
    shapes = list(product(grid["max_depth"], grid["min_samples_leaf"]))

    def auc(job: tuple[tuple[int, int], tuple[Flags, Flags]]) -> list[float]:
        (max_depth, min_samples_leaf), (is_in, is_out) = job
        forest = RandomForestClassifier(
            n_estimators=sizes[-1],
            max_depth=max_depth,
            min_samples_leaf=min_samples_leaf,
            random_state=task.seed,
        ).fit(matrix[is_in], labels[is_in])
        votes = np.cumsum(
            [member.predict_proba(matrix[is_out])[:, 1] for member in forest.estimators_], axis=0
        )
        return [float(roc_auc_score(labels[is_out], votes[size - 1])) for size in sizes]

    jobs = list(product(shapes, splits))
    with ThreadPoolExecutor(task.workers, initializer=alone) as pool:
        by_fold = np.array(list(pool.map(auc, jobs)))
    means = by_fold.reshape(len(shapes), len(splits), len(sizes)).mean(axis=1)
    search = [
        {
            "n_estimators": size,
            "max_depth": max_depth,
            "min_samples_leaf": min_samples_leaf,
            "auc": float(means[row, column]),
        }
        for row, (max_depth, min_samples_leaf) in enumerate(shapes)
        for column, size in enumerate(sizes)
    ]
    # of equal settings the smaller forest
    search.sort(
        key=lambda setting: (-setting["auc"], setting["n_estimators"], setting["max_depth"])
    )
    best = {name: value for name, value in search[0].items() if name != "auc"}
    tree_users = parameters["tree_users"]
    return {**best, "tree_users": tree_users, "search_users": len(labels), "search": search}


def fit_boosting(task: Task, rows: Flags, parameters: Parameters) -> Boosting:
    """Fit gradient-boosted trees on histograms (Chen and Guestrin 2016), `bags` times.

    Features named in `increasing` may only raise the score as they grow, those in `decreasing` only
    lower it. The bags differ in their seeds alone. A tree is grown on the share `subsample` of the
    users, drawn anew for each. Where that would be more than `tree_users`, users are dealt into
    blocks of which it is not, and one tree after the other sees the next block.
    """
    boosters = (
        _boosted(task, rows, parameters, task.seed + bag, parameters["n_estimators"])
        for bag in range(parameters.get("bags", 1))
    )
    return Boosting(tuple(boosters))


def tune_boosting(task: Task, parameters: Parameters) -> Parameters:
    """Early stopping: the number of trees after which the log loss of a left-out fold is least.

    Asked of one fold after the other, until `stopping_users` users have answered.

    Returns
    -------
    dict
        The parameters with `n_estimators`, the mean over these folds, at most `max_estimators`.
    """

    def best_size(pair: tuple[Flags, Flags]) -> int:
        is_in, is_out = pair
        left_out = xgboost.DMatrix(task.matrix[is_out], task.is_churned[is_out], nthread=1)
        losses: list[float] = []

        def is_enough(booster: xgboost.Booster) -> bool:
            # its own words: "[0]\teval-logloss:0.6931"
            losses.append(float(booster.eval(left_out).rsplit(":", maxsplit=1)[1]))
            return bool(len(losses) - 1 - int(np.argmin(losses)) >= parameters["patience"])

        _boosted(task, is_in, parameters, task.seed, parameters["max_estimators"], is_enough)
        return int(np.argmin(losses)) + 1

    pairs = list(task.split())
    answers = np.cumsum([0, *(is_out.sum() for _, is_out in pairs)])
    asked = [pairs[fold] for fold in np.flatnonzero(answers[:-1] < parameters["stopping_users"])]
    with ThreadPoolExecutor(task.workers, initializer=alone) as pool:
        sizes = list(pool.map(best_size, asked))
    return {**parameters, "n_estimators": round(float(np.mean(sizes)))}


def _boosted(
    task: Task,
    rows: Flags,
    parameters: Parameters,
    seed: int,
    trees: int,
    is_enough: Callable[[xgboost.Booster], bool] = lambda _: False,
) -> xgboost.Booster:
    """Grow trees, one after the other, until there are so many, or enough."""
    matrix, is_churned = task.matrix[rows], task.is_churned[rows]
    block_users = int(parameters["tree_users"] / parameters["subsample"])
    dealt = np.random.default_rng(seed).permutation(len(is_churned))
    # XGBoost's own draw passes over all users for every tree, drawn or not; it remembers of each
    # block how it is binned and what the trees say so far
    blocks = [
        xgboost.DMatrix(matrix[users], is_churned[users], nthread=1)
        for users in map(np.sort, np.array_split(dealt, -(-len(dealt) // block_users)))
    ]
    # without a matrix that stays with it, a booster has to be told its features
    settings = {"seed": seed, "num_feature": matrix.shape[1]}
    booster = xgboost.Booster(_boosting_settings(task, parameters) | settings)
    for tree in range(trees):
        booster.update(blocks[tree % len(blocks)], tree)
        if is_enough(booster):
            break
    return booster


def _boosting_settings(task: Task, parameters: Parameters) -> Parameters:
    directions = {
        feature: direction
        for name, direction in (("increasing", 1), ("decreasing", -1))
        for feature in parameters.get(name, [])
    }
    return {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "tree_method": "hist",
        "nthread": 1,
        "monotone_constraints": tuple(directions.get(feature, 0) for feature in task.features),
        **{
            theirs: parameters[ours]
            for ours, theirs in _BOOSTING_NAMES.items()
            if ours in parameters
        },
        "subsample": parameters["subsample"],
    }


def _stratified(is_churned: Flags, users: int, seed: int) -> NDArray[np.intp]:
    """Indices of at most so many users, with the share of churned ones kept, in order."""
    if len(is_churned) <= users:
        return np.arange(len(is_churned))
    shuffled = np.random.default_rng(seed).permutation(len(is_churned))
    by_class = shuffled[np.argsort(is_churned[shuffled], kind="stable")]
    return np.sort(by_class[np.arange(users) * len(is_churned) // users])


def _has_both(*parts: Flags) -> bool:
    return all(part.any() and not part.all() for part in parts)


ALGORITHMS: Mapping[str, Algorithm] = {
    "days_since_last_event": Algorithm(fit_days, ("numpy",), only_feature="days_since_last_event"),
    "logistic_regression": Algorithm(fit_logistic_regression, ("sklearn",), is_linear=True),
    "random_forest": Algorithm(fit_random_forest, ("sklearn",)),
    "gradient_boosting": Algorithm(fit_boosting, ("xgboost",)),
    "tuned_random_forest": Algorithm(fit_random_forest, ("sklearn",), tune_random_forest),
    "bagged_boosting": Algorithm(fit_boosting, ("xgboost",), tune_boosting),
}
