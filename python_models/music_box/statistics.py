"""Statistics that SQL has no functions for."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats


def welch_tests(groups: pd.DataFrame) -> pd.DataFrame:
    """Compare the mean share of dirty plays of churned and of staying users.

    Welch's t-test for unequal variances (Welch 1947) and Cohen's d with the pooled standard
    deviation (Cohen 1988).

    Parameters
    ----------
    groups : DataFrame
        One row per `snapshot_date`, `field`, `is_churned`, with `users` (count), `mean_share` (0-1)
        and `share_stddev` (population standard deviation).

    Returns
    -------
    DataFrame
        One row per `snapshot_date`, `field`: users, mean share and sample standard deviation of
        both groups, `t_statistic`, `p_value`, `cohens_d` (positive: churned users have more dirt).
        The last three are missing where a group has fewer than two users or neither varies.
    """
    columns = ["users", "mean_share", "share_stddev"]
    wide = (
        groups.assign(group=np.where(groups["is_churned"], "churned", "staying"))
        .pivot(index=["snapshot_date", "field"], columns="group", values=columns)
        .reindex(columns=pd.MultiIndex.from_product([columns, ["churned", "staying"]]))
    )
    result = pd.DataFrame(index=wide.index)
    for group in ("churned", "staying"):
        users = wide["users", group].astype(float).fillna(0.0)
        result[f"{group}_users"] = users.astype("int64")
        result[f"{group}_mean_share"] = wide["mean_share", group].astype(float)
        # from the population's to the sample's deviation
        with np.errstate(divide="ignore", invalid="ignore"):
            correction = np.sqrt(users / (users - 1))
        result[f"{group}_share_stddev"] = (
            wide["share_stddev", group].astype(float) * correction
        ).where(users > 1)
    testable = (
        result[["churned_share_stddev", "staying_share_stddev"]].notna().all(axis="columns")
    ) & (result["churned_share_stddev"] + result["staying_share_stddev"] > 0)
    sides = {name: column.to_numpy(float) for name, column in result.where(testable).items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic, p_value = stats.ttest_ind_from_stats(
            sides["churned_mean_share"],
            sides["churned_share_stddev"],
            sides["churned_users"],
            sides["staying_mean_share"],
            sides["staying_share_stddev"],
            sides["staying_users"],
            equal_var=False,
        )
    freedom = sides["churned_users"] + sides["staying_users"] - 2
    pooled_variance = (
        (sides["churned_users"] - 1) * sides["churned_share_stddev"] ** 2
        + (sides["staying_users"] - 1) * sides["staying_share_stddev"] ** 2
    ) / freedom
    result["t_statistic"] = statistic
    result["p_value"] = p_value
    result["cohens_d"] = (sides["churned_mean_share"] - sides["staying_mean_share"]) / np.sqrt(
        pooled_variance
    )
    floats = result.select_dtypes("float").columns
    return result.astype(dict.fromkeys(floats, "Float64")).reset_index()


def false_discovery_rates(tests: pd.DataFrame, family: str) -> pd.DataFrame:
    """Judge many z statistics at once.

    Two-sided p by the normal distribution, and q by the step-up procedure of Benjamini and
    Hochberg (1995).

    Parameters
    ----------
    tests : DataFrame
        One row per test, with `z_statistic` (standard normal if there is no effect; not missing).
    family : str
        Column whose values tell apart the families of tests to correct for.

    Returns
    -------
    DataFrame
        The same rows with `p_value` (0-1) and `q_value` (0-1), the smallest false discovery rate at
        which the test is still called a finding.
    """
    result = tests.assign(p_value=2 * stats.norm.sf(tests["z_statistic"].abs()))
    q_value = result.groupby(family)["p_value"].transform(stats.false_discovery_control)
    return result.assign(q_value=q_value)
