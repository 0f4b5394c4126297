"""Why a model gives a user their score."""

from __future__ import annotations

import numpy as np
import pandas as pd

from music_box.churn.stored import Model
from music_box.parallel import in_order

TYPES = {
    "snapshot_date": "date",
    "user_id": "bigint",
    "reason_rank": "bigint",
    "feature": "varchar",
    "feature_value": "double",
    "contribution": "double",
}
REASONS = 3
# Users explained at once on a core.
_PART_USERS = 20_000


def leading_contributions(
    fits: pd.DataFrame, models: pd.DataFrame, users: pd.DataFrame
) -> pd.DataFrame:
    """The features that move the champion's score of each user most.

    Parameters
    ----------
    fits : DataFrame
        Rows of `churn_fits`.
    models : DataFrame
        Rows of `churn_models`; the champion of the latest snapshot is asked.
    users : DataFrame
        `snapshot_date`, `user_id`, features.

    Returns
    -------
    DataFrame
        At most three rows per user, see `TYPES`: `reason_rank` 1 has the largest absolute
        `contribution` (log-odds before calibration, against the average train user); equal ones go
        by name. A feature that contributes nothing is no reason.

    Raises
    ------
    ArtifactError
        If the artifact is not the one that fitting stored.
    """
    champions = models[models["is_champion"]].sort_values("snapshot_date")
    if champions.empty or users.empty:
        return pd.DataFrame(columns=list(TYPES))
    champion = champions.iloc[-1]
    is_champion = (
        (fits["model_name"] == champion["model_name"])
        & (fits["snapshot_date"] == champion["snapshot_date"])
        & fits["fold"].isna()
    )
    model = Model.unpack(fits[is_champion].iloc[0])
    # ordered by name, so that a stable sort breaks ties by it
    by_name = np.argsort(model.preparation.features, kind="stable")
    names = np.array(model.preparation.features)[by_name]

    def reasons_of(some: pd.DataFrame) -> pd.DataFrame:
        contributions = model.contributions(some)[:, by_name]
        values = np.column_stack(
            [some[name].to_numpy(np.float64, na_value=np.nan) for name in names]
        )
        order = np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :REASONS]
        people = np.arange(len(some))[:, None]
        reasons = pd.DataFrame(
            {
                "snapshot_date": np.repeat(some["snapshot_date"].to_numpy(), order.shape[1]),
                "user_id": np.repeat(some["user_id"].to_numpy(), order.shape[1]),
                "reason_rank": np.tile(np.arange(1, order.shape[1] + 1), len(some)),
                "feature": names[order].ravel(),
                "feature_value": values[people, order].ravel(),
                "contribution": contributions[people, order].ravel(),
            }
        )
        return reasons[reasons["contribution"] != 0]

    parts = (users[start : start + _PART_USERS] for start in range(0, len(users), _PART_USERS))
    return pd.concat(in_order(reasons_of, parts))
