"""Is the dirt random? Welch's test of churned against staying users; SQL lacks the distribution."""

from music_box.statistics import welch_tests


def model(dbt, session):
    groups = dbt.ref("missingness_groups")
    return welch_tests(groups.df())
