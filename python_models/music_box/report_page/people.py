"""Fourth part of the page: the top of the risk list, one user at a time."""

from __future__ import annotations

from typing import Any

import pandas as pd

from music_box.report_page.published import PublishedCopy

# As many users of the risk list as the page lets a person look at.
TOP_USERS = 200
# Tables that the picker reads.
SOURCES = [
    "churn_risk_users",
    "churn_reasons",
    "user_features",
    "rpt_feature_percentiles",
    "recommendations",
]


def picker(copy: PublishedCopy) -> dict[str, Any]:
    """What the picker shows, as plain lists and texts.

    Returns
    -------
    dict
        `features`: one per feature, with `name`, `label`, `unit` and 101 `percentiles` of the
        population; `users`: at most `TOP_USERS`, by rank, each with the columns of
        `churn_risk_users`, the `values` of the features in their order, `reasons` and `songs`.
    """
    copy_top = f"""(
        select snapshot_date, user_id from churn.churn_risk_users
        order by risk_rank limit {TOP_USERS}
    ) as top_users"""
    users = copy.rows(
        f"select * from churn.churn_risk_users order by risk_rank limit {TOP_USERS}"
    )
    percentiles = copy.rows(
        """
        select feature, min(label) as label, min(unit) as unit,
            list(percentile_value order by percentile) as percentiles
        from reports.rpt_feature_percentiles
        group by feature
        """
    ).set_index("feature")
    features = copy.rows(
        f"select user_features.* from features.user_features inner join {copy_top}"
        " using (snapshot_date, user_id)"
    ).set_index("user_id")
    names = [name for name in features.columns if name in percentiles.index]
    reasons = copy.rows(
        f"""
        select user_id, feature, reason, contribution, is_raising_risk
        from churn.churn_reasons inner join {copy_top} using (snapshot_date, user_id)
        order by user_id, reason_rank
        """
    )
    songs = copy.rows(
        f"""
        select user_id, song_name, singer, reason
        from recommendations.recommendations inner join {copy_top} using (snapshot_date, user_id)
        where context = 'any'
        order by user_id, rank
        """
    )
    reasons_of, songs_of = _by_user(reasons), _by_user(songs)
    return {
        "features": [
            {
                "name": name,
                "label": percentiles.loc[name, "label"],
                "unit": percentiles.loc[name, "unit"] or "",
                "percentiles": [_short(value) for value in percentiles.loc[name, "percentiles"]],
            }
            for name in names
        ],
        "users": [
            {
                **user,
                # JavaScript rounds numbers of more than 53 bits
                "user_id": str(user["user_id"]),
                "values": [_short(value) for value in features.loc[user["user_id"], names]],
                "reasons": reasons_of.get(user["user_id"], []),
                "songs": songs_of.get(user["user_id"], []),
            }
            for user in users.to_dict("records")
        ],
    }


def _by_user(rows: pd.DataFrame) -> dict[int, list[dict[str, Any]]]:
    return {
        user_id: group.drop(columns="user_id").to_dict("records")
        for user_id, group in rows.groupby("user_id")
    }


def _short(value: float | bool | None) -> float | None:
    """A number with as many digits as anybody can see, to keep the page small."""
    return None if value is None else float(f"{float(value):.5g}")
