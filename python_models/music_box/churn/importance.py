"""What a model's scores hang on: the estimator's own measure, and permutation on test users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from music_box.churn.stored import Model

Floats = NDArray[np.float64]

TYPES = {
    "snapshot_date": "date",
    "model_name": "varchar",
    "feature": "varchar",
    "impurity_importance": "double",
    "permutation_importance": "double",
    "permutation_stddev": "double",
    "score_change": "double",
}
_LOW, _HIGH = 0.1, 0.9


def feature_importance(
    fits: pd.DataFrame, test_users: pd.DataFrame, meta: Mapping[str, Any]
) -> pd.DataFrame:
    """Importance of each feature for each model of the latest fitted snapshot.

    Parameters
    ----------
    fits : DataFrame
        Rows of `churn_fits`.
    test_users : DataFrame
        Test users with features and `is_churned`, of all labelled snapshots.
    meta : mapping
        `permutation_users`, `permutation_repeats`, `seed`.

    Returns
    -------
    DataFrame
        A row per model and feature, see `TYPES`. `permutation_importance` is the AUC on test users
        minus the AUC with the feature shuffled among them (Breiman 2001), mean over the repeats,
        the same shuffles for all features and models. `score_change` is the mean change of the raw
        score when every test user's value goes from the 10th percentile to the 90th, or from the
        least to the greatest where these are equal. Both are missing if the test users are all of
        one class.

    Raises
    ------
    ArtifactError
        If an artifact is not the one that fitting stored.
    """
    fitted = fits[fits["skip_reason"].isna() & fits["fold"].isna()]
    latest = fitted[fitted["snapshot_date"] == fitted["snapshot_date"].max()]
    random = np.random.default_rng(meta["seed"])
    users = test_users[test_users["snapshot_date"] == fitted["snapshot_date"].max()]
    users = users.sort_values("user_id")
    if len(users) > meta["permutation_users"]:
        chosen = random.choice(len(users), meta["permutation_users"], replace=False)
        users = users.iloc[np.sort(chosen)]
    shuffles = [random.permutation(len(users)) for _ in range(meta["permutation_repeats"])]
    tables = [
        _of_model(row, users, shuffles)
        for _, row in tqdm(latest.iterrows(), total=len(latest), desc="importance", delay=10.0)
    ]
    return pd.concat(tables) if tables else pd.DataFrame(columns=list(TYPES))


def _of_model(
    row: pd.Series, users: pd.DataFrame, shuffles: list[NDArray[np.int64]]
) -> pd.DataFrame:
    model = Model.unpack(row)
    table = pd.DataFrame(
        {
            "snapshot_date": row["snapshot_date"],
            "model_name": row["model_name"],
            "feature": model.preparation.features,
            "impurity_importance": model.estimator.importance(),
            "permutation_importance": np.nan,
            "permutation_stddev": np.nan,
            "score_change": np.nan,
        }
    )
    labels = users["is_churned"].to_numpy(bool)
    if not 0 < labels.sum() < len(labels):
        return table
    matrix = model.preparation.apply(users)
    whole = roc_auc_score(labels, model.estimator.raw_scores(matrix))
    for column in range(matrix.shape[1]):
        values = matrix[:, column]
        variants = np.array(
            [*(values[shuffle] for shuffle in shuffles), *_ends(values)[:, None] + 0 * values]
        )
        # all variants at once: a forest is walked as fast with many users as with few
        changed = np.tile(matrix, (len(variants), 1))
        changed[:, column] = variants.ravel()
        scores = model.estimator.raw_scores(changed).reshape(variants.shape)
        drops = [whole - roc_auc_score(labels, shuffled) for shuffled in scores[: len(shuffles)]]
        table.loc[column, "permutation_importance"] = np.mean(drops)
        table.loc[column, "permutation_stddev"] = np.std(drops)
        table.loc[column, "score_change"] = scores[-1].mean() - scores[-2].mean()
    return table


def _ends(values: Floats) -> Floats:
    """A low and a high value of a feature."""
    ends = np.quantile(values, [_LOW, _HIGH])
    return ends if ends[0] < ends[1] else np.array([values.min(), values.max()])
