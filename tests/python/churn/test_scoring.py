"""Which estimator scores whom: splits, known labels, unseen users."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from churn import examples
from churn.examples import DATES, TRAINING
from music_box.churn.calibration import BetaCalibration
from music_box.churn.estimators import Linear
from music_box.churn.preparation import Preparation
from music_box.churn.scoring import TYPES, score
from music_box.churn.stored import Model
from pandas.testing import assert_frame_equal
from scipy.special import logit

FIRST, SECOND, THIRD = DATES
TODAY = "2017-05-12"
PREPARATION = Preparation.for_trees(["days_since_last_event"], examples.WINDOW_DAYS)
# users by number: folds of the four to learn from, then two to test on
FOLDS = {1: 0, 2: 1, 3: 0, 4: 1}
TESTED = [5, 6]
Days = dict[str, int]


def fit_row(date: str, fold: int | None = None, mark: float = 0.0, **changes: Any) -> pd.Series:
    """A fit whose every raw score has the log-odds `mark`."""
    model = Model(PREPARATION, Linear(np.zeros(1), mark), BetaCalibration(1.0, 1.0, 0.5, 1.0))
    end = pd.Timestamp(date) + pd.Timedelta(days=changes.pop("label_days", 14))
    return examples.row_of(
        model,
        **{"snapshot_date": pd.Timestamp(date), "fold": fold, "label_end_date": end, **changes},
    )


def table(*rows: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    return frame.astype({"fold": "Int64", "snapshot_date": "datetime64[us]"})


def users(label_days: Days) -> pd.DataFrame:
    """Labelled users of some snapshots, each with the length of its label window."""
    rows = [
        {
            "snapshot_date": pd.Timestamp(date),
            "user_id": user,
            "days_since_last_event": user,
            "is_churned": user % 2 == 0,
            "split": "train" if user in FOLDS else "test",
            "fold": FOLDS.get(user, user % 2),
            "label_end_date": pd.Timestamp(date) + pd.Timedelta(days=days),
        }
        for date, days in label_days.items()
        for user in [*FOLDS, *TESTED]
    ]
    return pd.DataFrame(rows).astype({"label_end_date": "datetime64[us]"})


def today(date: str = TODAY) -> pd.DataFrame:
    people = [7, 8]
    return pd.DataFrame(
        {"snapshot_date": pd.Timestamp(date), "user_id": people, "days_since_last_event": people}
    )


def who_scores(scores: pd.DataFrame) -> set[tuple[str, str, str]]:
    """Split, snapshot and snapshot of the model."""
    dates = scores[["snapshot_date", "fitted_snapshot_date"]].astype("datetime64[us]")
    days = dates.apply(lambda column: column.dt.strftime("%Y-%m-%d"))
    return set(
        zip(scores["split"], days["snapshot_date"], days["fitted_snapshot_date"], strict=True)
    )


FOURTEEN_DAYS = {FIRST: 14, SECOND: 14, THIRD: 14}
THREE_FITS = [fit_row(date) for date in DATES]
OWN_TESTS = {("test", date, date) for date in DATES}


def test_each_split_has_its_model() -> None:
    fits = table(*THREE_FITS, fit_row(THIRD, 0), fit_row(THIRD, 1))
    assert who_scores(score(fits, users(FOURTEEN_DAYS), today())) == OWN_TESTS | {
        ("train", THIRD, THIRD),
        ("out_of_fold", THIRD, THIRD),
        ("backtest", SECOND, FIRST),
        ("backtest", THIRD, SECOND),
        ("score", TODAY, THIRD),
    }


def test_each_split_has_its_users() -> None:
    fits = table(*THREE_FITS, fit_row(THIRD, 0), fit_row(THIRD, 1))
    scores = score(fits, users(FOURTEEN_DAYS), today())
    assert list(scores.columns) == list(TYPES)
    people = {"test": TESTED, "backtest": TESTED, "score": [7, 8]}
    for _, part in scores.groupby(["split", "snapshot_date"]):
        assert sorted(part["user_id"]) == people.get(part["split"].iloc[0], [*FOLDS])


def test_a_train_user_is_scored_out_of_fold_by_the_estimator_that_has_not_seen_him() -> None:
    fits = table(fit_row(THIRD, mark=2), fit_row(THIRD, 0, mark=-1), fit_row(THIRD, 1, mark=1))
    scores = score(fits, users({THIRD: 14}), today())
    names = scores["split"] + scores["user_id"].astype(str)
    marks = dict(zip(names, logit(scores["raw_score"]), strict=True))
    assert {key: pytest.approx(mark) for key, mark in marks.items()} == {
        "out_of_fold1": -1.0,
        "out_of_fold3": -1.0,
        "out_of_fold2": 1.0,
        "out_of_fold4": 1.0,
        **{f"train{user}": 2.0 for user in FOLDS},
        **{f"test{user}": 2.0 for user in TESTED},
        "score7": 2.0,
        "score8": 2.0,
    }


@pytest.mark.parametrize(
    ("date", "fitted"),
    [("2017-05-12", THIRD), ("2017-05-11", SECOND), ("2017-04-28", SECOND), ("2017-04-27", FIRST)],
)
def test_todays_users_are_scored_by_the_latest_model_whose_labels_are_known(
    date: str, fitted: str
) -> None:
    scores = score(table(*THREE_FITS), users(FOURTEEN_DAYS), today(date))
    assert {row for row in who_scores(scores) if row[0] == "score"} == {("score", date, fitted)}


def test_nobody_scores_before_any_labels_are_known() -> None:
    scores = score(table(*THREE_FITS), users(FOURTEEN_DAYS), today("2017-04-13"))
    assert "score" not in set(scores["split"])


def test_a_backtest_waits_until_the_labels_are_known() -> None:
    close = "2017-04-27"  # a day before those of SECOND are known
    fits = table(fit_row(FIRST), fit_row(SECOND), fit_row(close))
    scores = score(fits, users({FIRST: 14, SECOND: 14, close: 14}), today())
    assert {row for row in who_scores(scores) if row[0] == "backtest"} == {
        ("backtest", SECOND, FIRST),
        ("backtest", close, FIRST),
    }


def test_a_backtest_asks_only_models_of_the_same_label_length() -> None:
    fits = table(fit_row(FIRST), fit_row(SECOND, label_days=7), fit_row(THIRD))
    scores = score(fits, users({FIRST: 14, SECOND: 7, THIRD: 14}), today())
    assert who_scores(scores) == OWN_TESTS | {
        ("train", THIRD, THIRD),
        ("backtest", THIRD, FIRST),
        ("score", TODAY, THIRD),
    }


def test_models_are_each_others_strangers() -> None:
    others = [fit_row(date, model_name="other") for date in (FIRST, THIRD)]
    fits = table(*THREE_FITS, *others)
    scores = score(fits, users(FOURTEEN_DAYS), today())
    ours = who_scores(scores[scores["model_name"] == "other"])
    assert {row for row in ours if row[0] in {"backtest", "score"}} == {
        ("backtest", SECOND, FIRST),
        ("backtest", THIRD, FIRST),
        ("score", TODAY, THIRD),
    }


def test_what_is_not_fitted_is_passed_over() -> None:
    skipped = fit_row(SECOND, skip_reason="too few", artifact=None, artifact_sha256=None)
    scores = score(table(THREE_FITS[0], skipped, THREE_FITS[2]), users(FOURTEEN_DAYS), today())
    assert who_scores(scores) == {
        ("test", FIRST, FIRST),
        ("test", THIRD, THIRD),
        ("train", THIRD, THIRD),
        ("backtest", SECOND, FIRST),
        ("backtest", THIRD, FIRST),
        ("score", TODAY, THIRD),
    }


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_snapshots_no_score_knows_the_future(seed: int) -> None:
    draws = np.random.default_rng(seed)
    offsets = np.sort(draws.choice(60, 4, replace=False))
    dates = [f"{pd.Timestamp(FIRST) + pd.Timedelta(days=int(days)):%Y-%m-%d}" for days in offsets]
    lengths = {date: int(draws.choice([7, 14])) for date in dates}
    fits = table(*(fit_row(date, label_days=lengths[date]) for date in dates))
    scores = score(fits, users(lengths), today(dates[int(draws.integers(4))]))
    for split, date, fitted in who_scores(scores):
        known = pd.Timestamp(fitted) + pd.Timedelta(days=lengths[fitted])
        assert known <= pd.Timestamp(date) if split in {"backtest", "score"} else date == fitted
        assert split != "backtest" or lengths[date] == lengths[fitted]
        # and there is no later one that could have been asked
        later = [
            other
            for other in dates
            if other > fitted
            and pd.Timestamp(other) + pd.Timedelta(days=lengths[other]) <= pd.Timestamp(date)
            and (split == "score" or lengths[other] == lengths[date])
        ]
        assert not later or split not in {"backtest", "score"}


def test_a_model_whose_snapshot_has_left_the_examples_still_scores_today() -> None:
    # a daily build keeps yesterday's models while the snapshots move on
    scores = score(table(*THREE_FITS), users({THIRD: 14}), today())
    assert who_scores(scores) == {
        ("test", THIRD, THIRD),
        ("train", THIRD, THIRD),
        ("backtest", THIRD, SECOND),
        ("score", TODAY, THIRD),
    }
    moved_on = score(table(THREE_FITS[0]), users({THIRD: 14}).iloc[:0], today())
    assert who_scores(moved_on) == {("score", TODAY, FIRST)}


def test_nothing_fitted_nothing_scored() -> None:
    for fits in (table(*THREE_FITS).iloc[:0], table(fit_row(THIRD, skip_reason="too few"))):
        scores = score(fits, users(FOURTEEN_DAYS), today())
        assert scores.empty and list(scores.columns) == list(TYPES)
    nobody = score(table(*THREE_FITS), users(FOURTEEN_DAYS).iloc[:0], today().iloc[:0])
    assert nobody.empty and list(nobody.columns) == list(TYPES)


@pytest.mark.parametrize("name", examples.ALGORITHMS)
def test_fitted_models_score_everybody_once(name: str) -> None:
    frame = examples.generate()
    scores = score(examples.fitted(name), frame, examples.today())
    keys = ["snapshot_date", "model_name", "split", "user_id"]
    assert not scores.duplicated(keys).any()
    assert not scores.isna().any(axis=None)
    assert scores["churn_probability"].between(0, 1).all()
    people = frame[frame["snapshot_date"] == TRAINING].set_index("user_id")
    assert scores["split"].value_counts().to_dict() == {
        "train": 240,
        "out_of_fold": 240,
        "test": 180,
        "backtest": 120,
        "score": 50,
    }
    for split in ("train", "out_of_fold"):
        found = scores[scores["split"] == split]
        assert people.loc[found["user_id"], "split"].eq("train").all()
        assert (found["snapshot_date"] == TRAINING).all()
    # the ranking is the raw score's
    for _, evaluation in scores.groupby(["split", "snapshot_date"]):
        ordered = evaluation.sort_values("raw_score")
        assert (ordered["churn_probability"].diff().dropna() >= 0).all()
        assert evaluation["raw_score"].nunique() == evaluation["churn_probability"].nunique()


def test_the_order_of_rows_changes_no_score() -> None:
    frame, fits = examples.generate(), examples.fitted("random_forest")
    order = ["snapshot_date", "split", "user_id"]
    expected, found = (
        score(rows, people, examples.today()).sort_values(order, ignore_index=True)
        for rows, people in (
            (fits, frame),
            (fits.iloc[::-1], frame.sample(frac=1, random_state=2)),
        )
    )
    assert_frame_equal(found, expected)


def test_a_feature_of_the_fits_that_is_gone_is_named() -> None:
    frame = examples.generate().drop(columns="plays_7d")
    with pytest.raises(ValueError, match=r"plays_7d are not in the table.*fit again"):
        score(examples.fitted("random_forest"), frame, examples.today())
