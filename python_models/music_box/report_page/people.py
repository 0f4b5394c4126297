"""Fourth part of the page: the top of the risk list, one user at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from music_box.report_page.published import PublishedCopy, Rows

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
    top = f"""
        select snapshot_date, user_id from churn.churn_risk_users
        order by risk_rank limit {TOP_USERS}
    """
    users = copy.rows(f"from churn.churn_risk_users order by risk_rank limit {TOP_USERS}")
    features = copy.rows(
        """
        select feature as name, min(label) as label, coalesce(min(unit), '') as unit,
            list(percentile_value order by percentile) as percentiles
        from reports.rpt_feature_percentiles
        group by feature
        """
    )
    values = copy.rows(f"from features.user_features where (snapshot_date, user_id) in ({top})")
    reasons = copy.rows(
        f"""
        select user_id, feature, reason
        from churn.churn_reasons
        where (snapshot_date, user_id) in ({top})
        order by user_id, reason_rank
        """
    )
    songs = copy.rows(
        f"""
        select user_id, song_name, singer, reason
        from recommendations.recommendations
        where (snapshot_date, user_id) in ({top}) and context = 'any'
        order by user_id, rank
        """
    )
    # as `user_features` orders them: by family
    order = {name: place for place, name in enumerate(values[0] if values else [])}
    features.sort(key=lambda feature: order.get(feature["name"], len(order)))
    values_of = {row["user_id"]: row for row in values}
    reasons_of, songs_of = _by_user(reasons), _by_user(songs)
    return {
        "features": [
            feature | {"percentiles": [_short(value) for value in feature["percentiles"]]}
            for feature in features
        ],
        "users": [
            {
                **user,
                # JavaScript rounds numbers of more than 53 bits
                "user_id": str(user["user_id"]),
                "values": [
                    _short(values_of[user["user_id"]][feature["name"]]) for feature in features
                ],
                "reasons": reasons_of[user["user_id"]],
                "songs": songs_of[user["user_id"]],
            }
            for user in users
        ],
    }


def _by_user(rows: Rows) -> dict[int, Rows]:
    grouped: dict[int, Rows] = defaultdict(list)
    for row in rows:
        grouped[row.pop("user_id")].append(row)
    return grouped


def _short(value: float | None) -> float | None:
    """A number with as many digits as anybody can see, to keep the page small."""
    return None if value is None else float(f"{float(value):.5g}")
