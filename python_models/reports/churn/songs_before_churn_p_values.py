"""How likely chance is behind each song: p, and q over all songs; SQL lacks the distribution."""

from music_box.statistics import false_discovery_rates


def model(dbt, session):
    sums = dbt.ref("songs_before_churn_sums").project("snapshot_date, song_id, z_statistic")
    return false_discovery_rates(sums.df(), family="snapshot_date")
