"""What is suggested to do about churn, worked out once more in plain pandas.

The scores are made up: what is judged is what follows from them. Probabilities and days of silence
fall on the borders of the tiers often, and users tie.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import PROJECT, Warehouse, run_dbt

USERS = 3000
SCORING, TRAINING, EARLIER = "2017-05-12", "2017-04-28", "2017-04-14"
MODELS = """
    churn_stages churn_stage_actions churn_business_stage churn_offers churn_scored_users
    churn_best_offers churn_reasons churn_risk_users loyal_user_groups rpt_loyal_users
    retention_actions customer_values risk_tiers feature_labels
""".split()


def fake_features(random: np.random.Generator) -> pd.DataFrame:
    """Every column that user_features declares, of its type; some values are missing."""
    path = PROJECT / "models" / "features" / "user_features.yml"
    declared = yaml.safe_load(path.read_text("utf-8"))["models"][0]["columns"]
    columns: dict[str, Any] = {"snapshot_date": SCORING, "user_id": np.arange(1, USERS + 1)}
    for column in declared[2:]:
        name, data_type = column["name"], column["data_type"]
        if data_type == "boolean":
            columns[name] = random.random(USERS) < 0.3
        elif data_type == "bigint":
            columns[name] = pd.array(random.integers(0, 30, USERS), dtype="Int64")
        else:
            columns[name] = random.lognormal(3, 2, USERS)
    features = pd.DataFrame(columns)
    features["active_days_30d"] += 1
    for name in ("days_since_last_search", "mean_gap_days"):
        features.loc[random.random(USERS) < 0.4, name] = None
    return features


def fake_tables(churned: int) -> dict[str, pd.DataFrame]:
    """What these models read; of ten users of the training snapshot, `churned` have churned."""
    random = np.random.default_rng(1)
    features = fake_features(random)
    user_ids = features["user_id"]
    snapshots = pd.DataFrame(
        {
            "snapshot_date": [SCORING, TRAINING, EARLIER],
            "label_end_date": ["2017-05-26", SCORING, TRAINING],
            "role": ["scoring", "training", "backtest"],
            "is_labelled": [False, True, True],
        }
    )
    labels = pd.DataFrame(
        [
            (date, user_id, user_id < churned)
            for date in (TRAINING, EARLIER)
            for user_id in range(10)
        ],
        columns=["snapshot_date", "user_id", "is_churned"],
    )
    # the snapshot before was in the other stage, which must not matter any more
    labels.loc[labels["snapshot_date"] == EARLIER, "is_churned"] = labels["user_id"] < 11 - churned
    models = pd.DataFrame(
        [
            (TRAINING, "loser", False),
            (TRAINING, "winner", True),
            (EARLIER, "loser", True),
        ],
        columns=["snapshot_date", "model_name", "is_champion"],
    )
    borders = random.choice([0.0, 0.5, 0.8, 1.0], USERS)
    predictions = pd.concat(
        pd.DataFrame(
            {
                "snapshot_date": SCORING,
                "model_name": name,
                "split": "score",
                "user_id": user_ids,
                "fitted_snapshot_date": TRAINING,
                "churn_probability": np.where(
                    random.random(USERS) < 0.3, borders, random.random(USERS).round(2)
                ),
            }
        )
        for name in ("loser", "winner")
    )
    contributions = pd.concat(
        pd.DataFrame(
            {
                "snapshot_date": SCORING,
                "user_id": user_ids,
                "reason_rank": rank,
                "feature": feature,
                "feature_value": features[feature].astype("Float64"),
                "contribution": random.choice([-1.0, 0.0, 1.0], USERS) / rank,
            }
        )
        for rank, feature in enumerate(
            ["days_since_last_search", "is_android", "weekend_play_share", "plays_30d"], start=1
        )
    )
    # every third user has no recommendation
    songs = [user_id for user_id in user_ids if user_id % 3]
    recommended = pd.DataFrame({"snapshot_date": SCORING, "user_id": songs})
    for place in (1, 2, 3):
        recommended[f"recommended_song_{place}"] = [f"song {user * place}" for user in songs]
    return {
        "intermediate.int_snapshots": snapshots,
        "intermediate.int_snapshot_users": features[["snapshot_date", "user_id"]],
        "features.user_features": features,
        "churn.churn_labels": labels,
        "churn.churn_models": models,
        "churn.churn_predictions": predictions,
        "churn.churn_contributions": contributions,
        "churn.churn_recommended_songs": recommended,
    }


def build_upon(tables: dict[str, pd.DataFrame], folder: Path) -> Warehouse:
    """A warehouse with these tables, and what the models make of them."""
    with duckdb.connect(str(folder / "music_box.duckdb")) as connection:
        for name, table in tables.items():
            dates = ", ".join(
                f"cast({column} as date) as {column}"
                for column in table.columns
                if column.endswith("_date")
            )
            connection.register("made_up", table)
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            connection.execute(f"create table {name} as select * replace ({dates}) from made_up")
            connection.unregister("made_up")
    built = run_dbt(
        folder / "no_logs", folder, "build", "--exclude-resource-type", "unit_test",
        "--select", *MODELS,
    )  # fmt: skip
    assert built.return_code == 0, built.output
    return built


@pytest.fixture(scope="module", params=["revenue", "stickiness"])
def acted_on(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, pd.DataFrame], Warehouse]:
    """The stage, the tables that were made up, and the warehouse with what follows from them."""
    # of ten users: .5 is at the border, and not above it
    tables = fake_tables(churned=5 if request.param == "revenue" else 6)
    return request.param, tables, build_upon(tables, tmp_path_factory.mktemp("warehouse"))


def read_seed(name: str) -> pd.DataFrame:
    """A seed as its file has it."""
    return pd.read_csv(PROJECT / "seeds" / f"{name}.csv")


def allowed_actions(stage: str, is_paying: bool) -> list[dict]:
    """Actions of a user type with their value, in the order of their names."""
    values = read_seed("customer_values").set_index("is_paying").loc[is_paying]
    allowed = []
    for action in read_seed("retention_actions").sort_values("action").to_dict("records"):
        if not action["is_for_paying" if is_paying else "is_for_free"]:
            continue
        is_dearer = action["cost"] > values["acquisition_cost"]
        if stage == "revenue" and is_dearer and not action["is_fallback"]:
            continue
        allowed.append(action | {"value": values["customer_value"]})
    return allowed


def best_action(probability: float, actions: list[dict]) -> tuple[str, float, float]:
    """Name, cost and expected value of the best action, if it gains anything."""
    best = ("none", 0.0, 0.0)
    for action in actions:
        value = probability * action["success_rate"] * action["value"] - action["cost"]
        is_cheaper = value == best[2] and action["cost"] < best[1]
        if value > best[2] or (value > 0 and is_cheaper):
            best = (action["action"], action["cost"], value)
    return best


def expected_users(stage: str, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """What `churn_risk_users` should hold, by user."""
    tiers = read_seed("risk_tiers").sort_values("tier_rank")
    predictions = tables["churn.churn_predictions"]
    scored = predictions[predictions["model_name"] == "winner"].set_index("user_id")
    features = tables["features.user_features"].set_index("user_id")
    users = pd.DataFrame(
        {
            "churn_probability": scored["churn_probability"],
            "days_since_last_event": features["days_since_last_event"].astype(int),
            "is_paying": features["is_paying"],
        }
    )
    for tier in tiers.to_dict("records"):
        reached = (users["churn_probability"] >= tier["minimum_probability"]) | (
            users["days_since_last_event"] >= tier["minimum_days_silent"]
        )
        users["tier"] = np.where(reached, tier["tier"], users.get("tier", ""))
    hashes = [
        hashlib.md5(f"risk_rank:{user_id}".encode()).hexdigest()[:8] for user_id in users.index
    ]
    ranked = (
        users.assign(hash=hashes)
        .reset_index()
        .sort_values(
            ["churn_probability", "days_since_last_event", "hash", "user_id"],
            ascending=[False, False, True, True],
        )
    )
    users.loc[ranked["user_id"], "risk_rank"] = range(1, len(ranked) + 1)
    actions = {is_paying: allowed_actions(stage, is_paying) for is_paying in (False, True)}
    best = [
        best_action(user["churn_probability"], actions[user["is_paying"]])
        for user in users.to_dict("records")
    ]
    for position, column in enumerate(["suggested_action", "action_cost", "expected_value"]):
        users[column] = [values[position] for values in best]
    for place in (1, 2, 3):
        users[f"recommended_song_{place}"] = [
            f"song {user_id * place}" if user_id % 3 else None for user_id in users.index
        ]
    users["is_holdout"] = [
        int(hashlib.md5(f"holdout:{user_id}".encode()).hexdigest()[:8], 16) < 0.1 * 2**32
        for user_id in users.index
    ]
    users["is_at_risk"] = users["tier"] != tiers["tier"].iloc[0]
    users["is_to_contact"] = (
        users["is_at_risk"] & (users["expected_value"] > 0) & ~users["is_holdout"]
    )
    return users


def test_the_list_of_users_at_risk_is_what_pandas_says(acted_on: tuple) -> None:
    stage, tables, warehouse = acted_on
    expected = expected_users(stage, tables)
    actual = warehouse.query("from churn.churn_risk_users").set_index("user_id").sort_index()
    assert list(actual.index) == list(expected.index)
    assert set(actual["model_name"]) == {"winner"}
    for column in expected.columns:
        if column == "expected_value":
            np.testing.assert_allclose(actual[column], expected[column].astype(float), rtol=1e-12)
        else:
            assert actual[column].tolist() == expected[column].tolist(), column
    # the borders were there to be met, and so were all actions of the stage
    assert {0.5, 0.8} <= set(expected["churn_probability"])
    is_discounted = (~actual["is_paying"] & (actual["suggested_action"] == "discount")).any()
    assert is_discounted == (stage == "stickiness")
    assert {"none", "trial", "e_mail", "free_month"} <= set(actual["suggested_action"])


def test_a_tenth_of_the_users_is_left_alone(acted_on: tuple) -> None:
    _, _, warehouse = acted_on
    [(share, contacted)] = warehouse.rows(
        """
        select
            avg(cast(is_holdout as integer)),
            count(*) filter (where is_holdout and is_to_contact)
        from churn.churn_risk_users
        """
    )
    assert abs(share - 0.1) < 5 * (0.1 * 0.9 / USERS) ** 0.5
    assert contacted == 0


def shown(feature: str, value: float | None) -> str:
    """The value of one of the features that are given as reasons, for people."""
    if value is None or pd.isna(value):
        return "none"
    if feature == "is_android":
        return "yes" if value else "no"
    if feature == "weekend_play_share":
        return f"{np.floor(100 * value + 0.5):.0f} %"
    return f"{value:.0f}"


def test_reasons_are_the_contributions_in_words(acted_on: tuple) -> None:
    _, tables, warehouse = acted_on
    labels = read_seed("feature_labels").set_index("feature")["label"]
    expected: dict[tuple[int, int], str] = {}
    for reason in tables["churn.churn_contributions"].itertuples():
        effect = "raises" if reason.contribution > 0 else "lowers"
        if reason.contribution != 0:
            value = shown(reason.feature, reason.feature_value)
            text = f"{labels[reason.feature]}: {value} ({effect} the risk)"
            expected[reason.user_id, reason.reason_rank] = text
    rows = warehouse.rows("select user_id, reason_rank, reason from churn.churn_reasons")
    assert {(user_id, rank): text for user_id, rank, text in rows} == expected
    for user_id, *reasons in warehouse.rows(
        "select user_id, reason_1, reason_2, reason_3 from churn.churn_risk_users"
    ):
        assert reasons == [expected.get((user_id, rank)) for rank in (1, 2, 3)]


def test_the_stage_and_its_actions(acted_on: tuple) -> None:
    stage, _, warehouse = acted_on
    rows = warehouse.rows(
        f"""
        select is_paying, stage, allowed_actions
        from churn.churn_business_stage where snapshot_date = '{TRAINING}' order by is_paying
        """
    )
    actions = {
        is_paying: ", ".join(action["action"] for action in allowed_actions(stage, is_paying))
        for is_paying in (False, True)
    }
    assert rows == [(False, stage, actions[False]), (True, stage, actions[True])]


def test_what_loyal_users_share_is_what_numpy_says(acted_on: tuple) -> None:
    stage, tables, warehouse = acted_on
    features = tables["features.user_features"].set_index("user_id").drop(columns="snapshot_date")
    ranks = expected_users(stage, tables)["risk_rank"]
    is_loyal = ranks > USERS - 0.1 * USERS
    report = warehouse.query("from reports.rpt_loyal_users").set_index("feature")
    assert set(report.index) == set(features.columns)
    for feature, row in report.iterrows():
        loyal, others = (
            features.loc[group, feature].astype("Float64") for group in (is_loyal, ~is_loyal)
        )
        assert (row["loyal_users"], row["other_users"]) == (len(loyal), len(others))
        assert row["loyal_users_without_value"] == loyal.isna().sum()
        assert row["other_users_without_value"] == others.isna().sum()
        loyal, others = loyal.dropna(), others.dropna()
        pooled = np.sqrt(
            (loyal.var() * (len(loyal) - 1) + others.var() * (len(others) - 1))
            / (len(loyal) + len(others) - 2)
        )
        expected = [
            loyal.mean(), others.mean(), loyal.median(), others.median(),
            (loyal.mean() - others.mean()) / pooled,
        ]  # fmt: skip
        columns = ["loyal_mean", "other_mean", "loyal_median", "other_median", "cohens_d"]
        np.testing.assert_allclose(row[columns].astype(float), expected, rtol=1e-7, atol=1e-9)
    by_rank = report.sort_values("difference_rank")
    assert by_rank["difference_rank"].tolist() == list(range(1, len(report) + 1))
    assert by_rank["cohens_d"].abs().is_monotonic_decreasing


def test_no_scores_give_empty_tables(tmp_path: Path) -> None:
    """A warehouse in which nothing could be fitted, nor labelled."""
    tables = {
        name: table[~table["is_labelled"]] if "is_labelled" in table else table[:0]
        for name, table in fake_tables(churned=5).items()
    }
    warehouse = build_upon(tables, tmp_path)
    for table in ("churn.churn_risk_users", "churn.churn_reasons", "churn.churn_business_stage"):
        assert warehouse.rows(f"from {table}") == []
    assert warehouse.rows("from reports.rpt_loyal_users") == []
    # nothing is known of the stage: the stricter rules hold
    assert warehouse.rows("select distinct stage, stage_snapshot_date from churn.churn_offers") == [
        ("revenue", None)
    ]
