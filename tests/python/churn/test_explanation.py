"""Reasons: which features lead, and in which order."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest
import xgboost
from churn import examples
from churn.examples import DATES, PARAMETERS, TRAINING
from music_box.artifacts import ArtifactError
from music_box.churn import explanation
from music_box.churn.calibration import BetaCalibration
from music_box.churn.estimators import Linear
from music_box.churn.explanation import TYPES, leading_contributions
from music_box.churn.preparation import Preparation
from music_box.churn.shapley import Leaf, leaves_of
from music_box.churn.stored import Model

CALIBRATION = BetaCalibration(1.0, 1.0, 0.0, 1.0)


def linear(**coefficients: float) -> Model:
    """A model whose contribution of a feature is its value times its coefficient."""
    preparation = Preparation.for_trees(list(coefficients), examples.WINDOW_DAYS)
    return Model(preparation, Linear(np.array([*coefficients.values()]), 0.0), CALIBRATION)


def champion(model_name: str = "hand_made", date: pd.Timestamp = TRAINING) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "snapshot_date": [date, date],
            "model_name": [model_name, "not chosen"],
            "is_champion": [True, False],
        }
    )


def reasons(model: Model, *values: dict[str, float | None]) -> pd.DataFrame:
    fits = pd.DataFrame([examples.row_of(model)])
    keys = {"snapshot_date": pd.Timestamp("2017-05-12")}
    rows = [{**keys, "user_id": 100 + number, **row} for number, row in enumerate(values)]
    return leading_contributions(fits, champion(), pd.DataFrame(rows))


def told(frame: pd.DataFrame, user: int = 100) -> list[tuple[int, str, float]]:
    own = frame[frame["user_id"] == user]
    return list(zip(own["reason_rank"], own["feature"], own["contribution"], strict=True))


def test_the_three_that_move_most_lead_whichever_way_they_move() -> None:
    model = linear(plays=-1.0, days=0.5, songs=0.1, gaps=2.0)
    found = reasons(
        model,
        {"plays": 1, "days": 3, "songs": 4, "gaps": -2},
        {"plays": 9, "days": 0.2, "songs": 90, "gaps": 1},
    )
    assert told(found) == [(1, "gaps", -4.0), (2, "days", 1.5), (3, "plays", -1.0)]
    assert told(found, 101) == [(1, "plays", -9.0), (2, "songs", 9.0), (3, "gaps", 2.0)]
    assert list(found.columns) == list(TYPES)
    assert found["snapshot_date"].eq(pd.Timestamp("2017-05-12")).all()


def test_ties_go_by_name() -> None:
    found = reasons(linear(d=1.0, a=1.0, c=-1.0, b=1.0), {"d": 2, "a": 2, "c": 2, "b": 2})
    assert [feature for _, feature, _ in told(found)] == ["a", "b", "c"]


def test_what_contributes_nothing_is_no_reason() -> None:
    model = linear(plays=1.0, days=0.0, songs=1.0)
    found = reasons(model, {"plays": 0, "days": 5, "songs": 2}, {"plays": 0, "days": 5, "songs": 0})
    assert told(found) == [(1, "songs", 2.0)]
    assert told(found, 101) == []


def test_a_model_of_one_feature_has_one_reason() -> None:
    assert told(reasons(linear(days=1.0), {"days": 4})) == [(1, "days", 4.0)]


def test_the_value_is_the_users_own_not_the_filled_one() -> None:
    found = reasons(
        linear(days_since_play=1.0, plays=0.5),
        {"days_since_play": None, "plays": 3},
        {"days_since_play": 2, "plays": 1},
    )
    assert told(found)[0] == (1, "days_since_play", 30.0)
    names = found["feature"] + found["user_id"].astype(str)
    values = dict(zip(names, found["feature_value"], strict=True))
    assert np.isnan(values.pop("days_since_play100"))
    assert values == {"plays100": 3, "days_since_play101": 2, "plays101": 1}


def test_booleans_are_0_and_1() -> None:
    found = reasons(linear(is_paying=1.0), {"is_paying": True}, {"is_paying": False})
    assert found["feature_value"].tolist() == [1.0]


def test_the_champion_of_the_latest_snapshot_is_asked() -> None:
    earlier = pd.Timestamp(DATES[1])
    fits = pd.DataFrame(
        [
            examples.row_of(linear(a=1.0), snapshot_date=earlier),
            examples.row_of(linear(c=1.0), fold=0),
            examples.row_of(linear(b=1.0)),
            examples.row_of(linear(d=1.0), model_name="other"),
        ]
    )
    models = pd.concat([champion(), champion("other", earlier)])
    today = pd.DataFrame(
        {"snapshot_date": TRAINING, "user_id": [1], "a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}
    )
    assert told(leading_contributions(fits, models, today), 1) == [(1, "b", 1.0)]


def test_without_champion_or_users_there_are_no_reasons() -> None:
    fits = pd.DataFrame([examples.row_of(linear(days=1.0))])
    today = pd.DataFrame({"snapshot_date": [TRAINING], "user_id": [1], "days": [1.0]})
    nobody = champion().assign(is_champion=False)
    for models, users in ((nobody, today), (nobody.iloc[:0], today), (champion(), today.iloc[:0])):
        found = leading_contributions(fits, models, users)
        assert found.empty and list(found.columns) == list(TYPES)


def test_a_changed_artifact_is_refused() -> None:
    fits = pd.DataFrame([examples.row_of(linear(days=1.0), artifact_sha256="0")])
    today = pd.DataFrame({"snapshot_date": [TRAINING], "user_id": [1], "days": [1.0]})
    with pytest.raises(ArtifactError, match="hand_made, snapshot 2017-04-28"):
        leading_contributions(fits, champion(), today)


@pytest.mark.parametrize("users_at_once", [7, 10_000])
@pytest.mark.parametrize("name", examples.ALGORITHMS)
def test_reasons_are_those_of_the_model(
    monkeypatch: pytest.MonkeyPatch, name: str, users_at_once: int
) -> None:
    monkeypatch.setattr(explanation, "_PART_USERS", users_at_once)
    model, _ = examples.trained(name)
    today = examples.today()
    found = leading_contributions(examples.fitted(name), champion(name), today)
    contributions = pd.DataFrame(
        model.contributions(today), index=today["user_id"], columns=list(model.preparation.features)
    )
    for user, own in found.groupby("user_id"):
        everything = contributions[contributions.index == user].iloc[0]
        largest = everything.abs().sort_values(ascending=False)
        expected = largest[largest > 0].iloc[:3]
        np.testing.assert_array_equal(own["contribution"].abs(), expected)
        np.testing.assert_array_equal(own["contribution"], everything[own["feature"]])
        assert own["reason_rank"].tolist() == list(range(1, len(expected) + 1))
    assert found["user_id"].nunique() == len(today)


def test_trees_are_worked_out_once_however_many_parts_the_users_are_explained_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worked_out = []

    def note(booster: xgboost.Booster) -> tuple[Leaf, ...]:
        worked_out.append(booster)
        return leaves_of(booster)

    monkeypatch.setattr("music_box.churn.estimators.leaves_of", note)
    # one core: on two, both may come first
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setattr(explanation, "_PART_USERS", 7)
    name = "bagged_boosting"
    leading_contributions(examples.fitted(name), champion(name), examples.today())
    assert len(worked_out) == PARAMETERS[name]["bags"]
