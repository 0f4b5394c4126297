"""Fitting: who is learnt from, what follows from the data alone, and when nothing is fitted."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
import sklearn
import xgboost
from churn import examples
from churn.examples import ALGORITHMS, CONSTANT, DATES, FEATURES, PARAMETERS, TRAINING
from music_box.churn import algorithms
from music_box.churn.estimators import Boosting, Forest
from music_box.churn.stored import Model
from music_box.churn.training import TYPES, fit_estimators
from music_box.frames import typed
from pandas.testing import assert_frame_equal
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss, roc_auc_score

FOLD = 2
FOREST = PARAMETERS["tuned_random_forest"]
Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture
def frame() -> pd.DataFrame:
    return examples.generate()


def of_training(frame: pd.DataFrame) -> pd.DataFrame:
    """Train users of the training snapshot."""
    return frame[(frame["snapshot_date"] == TRAINING) & (frame["split"] == "train")]


def of_training_alone(fits: pd.DataFrame) -> pd.DataFrame:
    """Fits of the training snapshot."""
    return fits[fits["snapshot_date"] == TRAINING].reset_index(drop=True)


def numbers_of(row: pd.Series) -> dict[str, Any]:
    """The arrays of preparation and estimator, without the calibration, which all folds fit."""
    with np.load(io.BytesIO(row["artifact"])) as archive:
        return {name: archive[name] for name in archive.files if name != "header"}


def parameters_of(fits: pd.DataFrame) -> dict[str, Any]:
    return dict(json.loads(examples.whole(fits)["parameters"]))


# --- Who is learnt from -------------------------------------------------------------------------


def test_each_snapshot_has_a_model_and_only_the_training_snapshot_folds() -> None:
    fits = examples.fitted("logistic_regression")
    dates = fits["snapshot_date"].dt.strftime("%Y-%m-%d")
    folds = [None if pd.isna(fold) else fold for fold in fits["fold"].tolist()]
    assert list(zip(dates, folds, strict=True)) == [
        (DATES[0], None),
        (DATES[1], None),
        (DATES[2], None),
        *((DATES[2], fold) for fold in range(5)),
    ]
    assert (fits["label_end_date"] - fits["snapshot_date"]).dt.days.eq(14).all()
    assert fits["skip_reason"].isna().all()
    assert fits["model_name"].eq("logistic_regression").all()


def test_the_rows_learnt_from_are_counted(frame: pd.DataFrame) -> None:
    fits = examples.fitted("logistic_regression")
    sizes = of_training(frame).groupby("fold").size()
    in_folds = fits[fits["fold"].notna()]["train_rows"]
    assert in_folds.tolist() == (240 - sizes).tolist()
    assert fits[fits["fold"].isna()]["train_rows"].eq(240).all()


def test_only_the_training_snapshot_is_fitted_if_so_asked(frame: pd.DataFrame) -> None:
    fits = examples.fit(frame, "days_since_last_event", only_training=True)
    assert fits["snapshot_date"].eq(TRAINING).all()
    assert_frame_equal(fits, of_training_alone(examples.fitted("days_since_last_event")))


@pytest.mark.parametrize("name", ["logistic_regression", "tuned_random_forest", "bagged_boosting"])
def test_test_users_change_nothing(frame: pd.DataFrame, name: str) -> None:
    is_test = frame["split"] == "test"
    frame.loc[is_test, "plays_7d"] = 10_000
    frame.loc[is_test, "is_churned"] = ~frame.loc[is_test, "is_churned"]
    assert_frame_equal(
        examples.fit(frame, name, only_training=True), of_training_alone(examples.fitted(name))
    )


@pytest.mark.parametrize(
    "name", ["days_since_last_event", "logistic_regression", "random_forest", "gradient_boosting"]
)
def test_an_estimator_without_a_fold_knows_nothing_of_its_users(
    frame: pd.DataFrame, name: str
) -> None:
    is_out = frame["fold"] == FOLD
    frame.loc[is_out, "is_churned"] = ~frame.loc[is_out, "is_churned"]
    frame.loc[is_out, ["plays_7d", "days_since_last_event"]] += 100
    before, after = examples.fitted(name), examples.fit(frame, name)
    (position,) = np.flatnonzero((before["fold"] == FOLD).fillna(value=False))
    expected = numbers_of(before.iloc[position])
    found = numbers_of(after.iloc[position])
    assert expected.keys() == found.keys()
    for key, values in expected.items():
        np.testing.assert_array_equal(found[key], values, err_msg=key)
    # while the others do learn from them
    is_other = np.arange(len(before)) != position
    assert (before["artifact_sha256"] != after["artifact_sha256"])[is_other].all()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_out_of_fold_auc_is_scikit_learns(frame: pd.DataFrame, name: str) -> None:
    fits, users = examples.fitted(name), of_training(frame)
    labels = users["is_churned"].to_numpy(bool)
    scores = np.full(len(users), np.nan)
    for _, row in fits[fits["fold"].notna()].iterrows():
        is_out = (users["fold"] == row["fold"]).to_numpy()
        scores[is_out] = Model.unpack(row).raw_scores(users[is_out])
        expected = roc_auc_score(labels[is_out], scores[is_out])
        assert row["out_of_fold_auc"] == pytest.approx(expected, abs=1e-12)
    expected = roc_auc_score(labels, scores)
    assert examples.whole(fits)["out_of_fold_auc"] == pytest.approx(expected, abs=1e-12)
    assert 0.7 < expected < 0.95


def test_all_estimators_of_a_snapshot_share_the_calibration_of_its_out_of_fold_scores(
    frame: pd.DataFrame,
) -> None:
    fits, users = examples.fitted("random_forest"), of_training(frame)
    folds = fits[fits["fold"].notna()]
    models = [Model.unpack(row) for _, row in folds.iterrows()]
    (calibration,) = {model.calibration for model in models}
    assert Model.unpack(examples.whole(fits)).calibration == calibration
    probability = np.concatenate(
        [
            calibration.probability(model.raw_scores(users[users["fold"] == fold]))
            for fold, model in zip(folds["fold"], models, strict=True)
        ]
    )
    assert probability.mean() == pytest.approx(users["is_churned"].mean(), abs=0.01)


def test_a_model_may_look_at_some_features_only(frame: pd.DataFrame) -> None:
    chosen = ["plays_7d", "early_skip_share"]
    settings = examples.meta("random_forest", only_training=True)
    fits = fit_estimators(frame, "other_name", settings, "random_forest", chosen)
    assert set(fits["model_name"]) == {"other_name"}
    model = Model.unpack(examples.whole(examples.stored(fits)))
    assert model.preparation.features == ("plays_7d", "early_skip_share")


def test_all_features_are_learnt_from_and_nothing_else() -> None:
    model, _ = examples.trained("random_forest")
    assert model.preparation.features == FEATURES
    baseline, _ = examples.trained("days_since_last_event")
    assert baseline.preparation.features == ("days_since_last_event",)


# --- Equal data, equal fits ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_order_of_rows_and_the_number_of_workers_change_nothing(
    frame: pd.DataFrame, name: str
) -> None:
    shuffled = frame.sample(frac=1, random_state=5)
    again = examples.fit(shuffled, name, workers=1, only_training=True)
    assert_frame_equal(again, of_training_alone(examples.fitted(name)))


def test_the_seed_matters(frame: pd.DataFrame) -> None:
    again = examples.fit(frame, "random_forest", seed=2, only_training=True)
    first = of_training_alone(examples.fitted("random_forest"))
    assert (again["artifact_sha256"] != first["artifact_sha256"]).all()
    assert (again["training_data_sha256"] == first["training_data_sha256"]).all()


@pytest.mark.parametrize("column", ["plays_7d", CONSTANT, "is_churned", "user_id"])
def test_the_sha256_of_the_data_tells_one_changed_value(frame: pd.DataFrame, column: str) -> None:
    def data_sha256(rows: pd.DataFrame) -> str:
        # features named, so that the baseline's fits, which take no time, tell of all
        settings = examples.meta("days_since_last_event", only_training=True)
        fits = fit_estimators(rows, "days_since_last_event", settings, features=FEATURES)
        return str(fits["training_data_sha256"][0])

    before = data_sha256(frame)
    row = of_training(frame).index[7]
    value = frame.loc[row, column]
    frame.loc[row, column] = not value if column == "is_churned" else value + 10_000
    assert data_sha256(frame) != before


def test_versions_and_parameters_are_kept() -> None:
    row = examples.whole(examples.fitted("random_forest"))
    assert json.loads(row["library_versions"]) == {"sklearn": sklearn.__version__}
    assert json.loads(row["parameters"]) == PARAMETERS["random_forest"]
    fits = pd.concat([examples.fitted(name) for name in ALGORITHMS])
    expected = fits["parameters"].map(lambda text: hashlib.sha256(text.encode()).hexdigest())
    assert (fits["parameters_sha256"] == expected).all()


# --- Tuning -------------------------------------------------------------------------------------


def task_of(users: pd.DataFrame) -> algorithms.Task:
    columns = [feature for feature in FEATURES if feature != "days_since_last_download"]
    return algorithms.Task(
        users[columns].to_numpy(float),
        users["is_churned"].to_numpy(bool),
        users["fold"].to_numpy(np.int64),
        tuple(columns),
        seed=1,
        workers=2,
    )


def test_a_larger_forest_begins_with_the_smaller_one(frame: pd.DataFrame) -> None:
    task = task_of(of_training(frame))
    small, large = (
        RandomForestClassifier(size, max_depth=4, random_state=1).fit(task.matrix, task.is_churned)
        for size in (5, 9)
    )
    for ours, theirs in zip(small.estimators_, large.estimators_[:5], strict=True):
        np.testing.assert_array_equal(ours.tree_.threshold, theirs.tree_.threshold)
        np.testing.assert_array_equal(ours.tree_.value, theirs.tree_.value)


def test_the_search_is_a_search_by_the_mean_auc_of_the_folds(frame: pd.DataFrame) -> None:
    task = task_of(of_training(frame))
    found = algorithms.tune_random_forest(task, {**FOREST, "users": 10_000})
    assert found["search_users"] == len(task.is_churned)
    assert len(found["search"]) == 8
    aucs = [setting["auc"] for setting in found["search"]]
    assert aucs == sorted(aucs, reverse=True)
    assert {name: found[name] for name in FOREST["grid"]}.items() <= found["search"][0].items()
    for setting in found["search"]:
        size, depth, leaf = (setting[name] for name in FOREST["grid"])
        expected = []
        for fold in range(5):
            is_out = task.folds == fold
            forest = RandomForestClassifier(
                size, max_depth=depth, min_samples_leaf=leaf, random_state=1
            ).fit(task.matrix[~is_out], task.is_churned[~is_out])
            scores = forest.predict_proba(task.matrix[is_out])[:, 1]
            expected.append(roc_auc_score(task.is_churned[is_out], scores))
        assert setting["auc"] == pytest.approx(np.mean(expected), abs=1e-9)


def test_what_the_search_finds_is_fitted_on_all_users() -> None:
    fits = examples.fitted("tuned_random_forest")
    found = parameters_of(fits)
    assert found["search_users"] == FOREST["users"]
    row = examples.whole(fits)
    assert row["train_rows"] == 240
    forest = Model.unpack(row).estimator
    assert isinstance(forest, Forest)
    assert forest.booster.num_boosted_rounds() == found["n_estimators"]


@pytest.mark.parametrize("users", [239, 238, 150, 20])
def test_the_search_looks_at_so_many_users_of_both_classes(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, users: int
) -> None:
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    class Recorder(RandomForestClassifier):  # type: ignore[misc]
        def fit(self, matrix: np.ndarray, labels: np.ndarray) -> Any:
            seen.append((matrix, labels))
            return super().fit(matrix, labels)

    task = task_of(of_training(frame))
    monkeypatch.setattr(algorithms, "RandomForestClassifier", Recorder)
    grid = {name: values[:1] for name, values in FOREST["grid"].items()}
    found = algorithms.tune_random_forest(task, {**FOREST, "grid": grid, "users": users})
    assert found["search_users"] == users
    people = {
        tuple(row): label
        for matrix, labels in seen
        for row, label in zip(matrix, labels, strict=True)
    }
    assert len(people) == users, "one user twice, or a fold that is never learnt from"
    churned = sum(people.values())
    assert churned == pytest.approx(users * task.is_churned.mean(), abs=1)


def users_of_trees(booster: xgboost.Booster) -> np.ndarray:
    """Users that each tree was grown on; in boosting the sum of their second derivatives."""
    trees = booster.trees_to_dataframe()
    return np.asarray(trees.loc[trees["Node"] == 0, "Cover"])


def test_a_tree_of_a_forest_is_grown_on_so_many_users_at_most(frame: pd.DataFrame) -> None:
    task, everybody = task_of(of_training(frame)), np.ones(240, bool)
    for most, expected in ((60, 60), (240, 240), (1_000, 240)):
        parameters = PARAMETERS["random_forest"] | {"tree_users": most}
        forest = algorithms.fit_random_forest(task, everybody, parameters)
        np.testing.assert_array_equal(users_of_trees(forest.booster), expected)


def test_a_tree_of_boosting_is_grown_on_so_many_users_at_most(frame: pd.DataFrame) -> None:
    task, everybody = task_of(of_training(frame)), np.ones(240, bool)
    few, many, share = (
        users_of_trees(
            algorithms.fit_boosting(
                task, everybody, PARAMETERS["gradient_boosting"] | {"tree_users": most}
            ).boosters[0]
        )
        for most in (48, 192, 1_000)
    )
    # subsample .8 of 240 users are 192
    np.testing.assert_array_equal(many, share)
    assert few[0] / many[0] == pytest.approx(48 / 192, rel=0.4)


def test_users_are_dealt_into_blocks_that_take_turns(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, everybody = task_of(of_training(frame)), np.ones(240, bool)
    parameters = PARAMETERS["gradient_boosting"] | {"tree_users": 48}
    blocks: list[xgboost.DMatrix] = []
    turns: list[int] = []
    update = xgboost.Booster.update

    def note(booster: xgboost.Booster, block: xgboost.DMatrix, tree: int) -> None:
        known = [place for place, other in enumerate(blocks) if other is block]
        turns.append(known[0] if known else len(blocks))
        if not known:
            blocks.append(block)
        update(booster, block, tree)

    monkeypatch.setattr(xgboost.Booster, "update", note)
    boosters = [
        algorithms.fit_boosting(task, everybody, parameters | {"n_estimators": trees}).boosters[0]
        for trees in (10, 10)
    ]
    # subsample .8 of 60 users are 48
    assert turns == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, *(4 + turn for turn in turns[:10])]
    users = np.vstack([block.get_data().toarray() for block in blocks[:4]])
    assert [block.num_row() for block in blocks] == [60] * 8
    everyone = xgboost.DMatrix(task.matrix).get_data().toarray()
    np.testing.assert_array_equal(np.sort(users, axis=0), np.sort(everyone, axis=0))
    once, again = (booster.get_dump(with_stats=True) for booster in boosters)
    assert once == again
    # features are drawn anew for each tree, though users come again
    assert len({tree.split("yes")[0] for tree in once[::4]}) > 1


def test_fits_are_those_of_xgboost_where_a_tree_may_see_everybody(frame: pd.DataFrame) -> None:
    """Trees and their number: `xgboost.train`, with and without early stopping."""
    task = task_of(of_training(frame).assign(fold=np.arange(240) % 5))
    parameters = PARAMETERS["bagged_boosting"]
    directions = {"days_since_last_event": 1, "plays_7d": -1}
    settings = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "seed": task.seed,
        "max_depth": parameters["max_depth"],
        "learning_rate": parameters["learning_rate"],
        "subsample": parameters["subsample"],
        "colsample_bynode": parameters["max_features"],
        "min_child_weight": parameters["min_child_weight"],
        "reg_lambda": parameters["l2"],
        "monotone_constraints": tuple(directions.get(name, 0) for name in task.features),
    }
    sizes = []
    for is_in, is_out in task.split():
        seen, unseen = (
            xgboost.DMatrix(task.matrix[users], task.is_churned[users]) for users in (is_in, is_out)
        )
        stopped = xgboost.train(
            settings,
            seen,
            parameters["max_estimators"],
            evals=[(unseen, "unseen")],
            early_stopping_rounds=parameters["patience"],
            verbose_eval=False,
        )
        sizes.append(stopped.best_iteration + 1)
    tuned = algorithms.tune_boosting(task, parameters)
    assert tuned["n_estimators"] == round(np.mean(sizes))
    everybody = np.ones(240, bool)
    theirs = xgboost.train(
        settings, xgboost.DMatrix(task.matrix, task.is_churned), tuned["n_estimators"]
    )
    ours = algorithms.fit_boosting(task, everybody, tuned).boosters[0]
    assert ours.get_dump(with_stats=True) == theirs.get_dump(with_stats=True)


def test_early_stopping_grows_trees_as_fitting_does(frame: pd.DataFrame) -> None:
    """The number of trees with the least log loss, when a tree sees few of the users."""
    task = task_of(of_training(frame).assign(fold=np.arange(240) % 5))
    parameters = PARAMETERS["bagged_boosting"] | {
        "tree_users": 48,
        "bags": 1,
        "patience": 60,
        "stopping_users": 1,
    }
    is_in, is_out = next(task.split())
    fitted = algorithms.fit_boosting(task, is_in, parameters | {"n_estimators": 60}).boosters[0]
    unseen = xgboost.DMatrix(task.matrix[is_out])
    losses = [
        log_loss(task.is_churned[is_out], fitted.predict(unseen, iteration_range=(0, trees)))
        for trees in range(1, 61)
    ]
    assert algorithms.tune_boosting(task, parameters)["n_estimators"] == 1 + np.argmin(losses)


@pytest.mark.parametrize(("wanted", "asked"), [(1, 1), (48, 1), (49, 2), (10_000, 5)])
def test_early_stopping_asks_folds_until_enough_users_have_answered(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, wanted: int, asked: int
) -> None:
    task = task_of(of_training(frame).assign(fold=np.arange(240) % 5))
    evaluate = xgboost.Booster.eval
    answering: list[xgboost.DMatrix] = []

    def note(booster: xgboost.Booster, left_out: xgboost.DMatrix) -> str:
        if all(left_out is not known for known in answering):
            answering.append(left_out)
        return evaluate(booster, left_out)

    monkeypatch.setattr(xgboost.Booster, "eval", note)
    algorithms.tune_boosting(task, PARAMETERS["bagged_boosting"] | {"stopping_users": wanted})
    assert len(answering) == asked


@pytest.mark.parametrize(("most", "patience"), [(3, 5), (60, 1), (60, 5)])
def test_boosting_stops_early_but_has_a_tree(frame: pd.DataFrame, most: int, patience: int) -> None:
    parameters = PARAMETERS["bagged_boosting"] | {"max_estimators": most, "patience": patience}
    fits = examples.fit(frame, "bagged_boosting", parameters=parameters, only_training=True)
    found = parameters_of(fits)["n_estimators"]
    assert 1 <= found <= most
    assert found < 60
    estimator = Model.unpack(examples.whole(fits)).estimator
    assert isinstance(estimator, Boosting)
    assert [booster.num_boosted_rounds() for booster in estimator.boosters] == [found, found]


def test_the_challengers_score_follows_its_directions() -> None:
    model, users = examples.trained("bagged_boosting")
    for feature, direction in (("days_since_last_event", 1), ("plays_7d", -1)):
        scores = [model.raw_scores(users.assign(**{feature: value})) for value in range(0, 30, 3)]
        assert (np.diff(scores, axis=0) * direction >= -1e-7).all(), feature
        assert np.abs(np.diff(scores, axis=0)).max() > 0.01


# --- Data that is hard to learn from ------------------------------------------------------------


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_constant_feature_says_nothing(name: str) -> None:
    model, users = examples.trained(name)
    if name != "days_since_last_event":
        column = model.preparation.features.index(CONSTANT)
        assert model.estimator.importance()[column] == 0
        assert (model.contributions(users)[:, column] == 0).all()
    assert model.estimator.importance().sum() == pytest.approx(1)


def only(label: bool) -> Change:
    return lambda frame: frame.assign(is_churned=label)


def nine_churned(frame: pd.DataFrame) -> pd.DataFrame:
    rank = frame[frame["split"] == "train"].groupby("snapshot_date").cumcount()
    return frame.assign(is_churned=rank.reindex(frame.index, fill_value=99) < 9)


def churned_in_one_fold(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(is_churned=frame["fold"] == FOLD)


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (only(label=False), "0 of 240 train users churned, fewer than minimum_class_users = 10"),
        (only(label=True), "0 of 240 train users stayed, fewer than minimum_class_users = 10"),
        (nine_churned, "9 of 240 train users churned, fewer than minimum_class_users = 10"),
        (churned_in_one_fold, "without fold 2 the train users are all of one class"),
    ],
)
def test_a_snapshot_that_cannot_be_learnt_from_has_one_row_that_says_why(
    frame: pd.DataFrame, name: str, change: Change, reason: str
) -> None:
    fits = examples.fit(change(frame), name)
    assert fits["snapshot_date"].tolist() == [pd.Timestamp(date) for date in DATES]
    assert fits["skip_reason"].eq(reason).all()
    assert fits[["fold", "artifact", "artifact_sha256", "out_of_fold_auc"]].isna().all(axis=None)


def test_one_bad_snapshot_does_not_stop_the_others(frame: pd.DataFrame) -> None:
    frame.loc[frame["snapshot_date"] == DATES[1], "is_churned"] = True
    fits = examples.fit(frame, "days_since_last_event")
    skipped = fits[fits["skip_reason"].notna()]
    assert skipped["snapshot_date"].tolist() == [pd.Timestamp(DATES[1])]
    assert len(fits) == 8


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_handful_of_users_is_enough_if_so_set(name: str) -> None:
    few = examples.generate((DATES[-1],), users=20)
    few["is_churned"] = np.arange(20) % 3 == 1
    skipped = examples.fit(few, name)
    assert skipped["skip_reason"].tolist() == [
        "6 of 16 train users churned, fewer than minimum_class_users = 10"
    ]
    fits = examples.fit(few, name, minimum_class_users=2)
    assert fits["skip_reason"].isna().all()
    for _, row in fits.iterrows():
        assert np.isfinite(Model.unpack(row).raw_scores(few)).all()


def test_a_fold_of_one_class_has_no_auc(frame: pd.DataFrame) -> None:
    frame.loc[frame["fold"] == FOLD, "is_churned"] = True
    fits = examples.fit(frame, "logistic_regression", only_training=True)
    assert fits.set_index("fold")["out_of_fold_auc"].isna().to_dict()[FOLD]
    assert fits["out_of_fold_auc"].isna().sum() == 1


@pytest.mark.parametrize("name", ALGORITHMS)
def test_folds_may_be_missing(frame: pd.DataFrame, name: str) -> None:
    fits = examples.fit(frame[frame["fold"].isin([0, 3])], name, only_training=True)
    assert sorted(fits["fold"].dropna()) == [0, 3]


@pytest.mark.parametrize("name", ["logistic_regression", "random_forest", "bagged_boosting"])
def test_an_infinite_value_stops_with_feature_snapshot_and_user(
    frame: pd.DataFrame, name: str
) -> None:
    row = of_training(frame).index[3]
    frame.loc[row, "early_skip_share"] = np.inf
    user = frame.loc[row, "user_id"]
    message = f"early_skip_share is infinite for 1 users, .* user {user} of snapshot 2017-04-28"
    with pytest.raises(ValueError, match=message):
        examples.fit(frame, name)


@pytest.mark.parametrize("only_training", [False, True])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_no_examples_no_fits(frame: pd.DataFrame, name: str, only_training: bool) -> None:
    nobody = frame.iloc[:0]
    no_train_users = frame[frame["split"] == "test"]
    for rows in (nobody, no_train_users):
        fits = fit_estimators(rows, name, examples.meta(name, only_training=only_training))
        assert fits.empty and list(fits.columns) == list(TYPES)
        with duckdb.connect() as connection:
            assert typed(connection, fits, TYPES).columns == list(TYPES)
