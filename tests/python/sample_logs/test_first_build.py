"""What a first build of sample logs says: nothing is unlike the days before."""

from pathlib import Path

from conftest import Warehouse


def test_nothing_has_moved(generated_warehouse: tuple[Path, Warehouse]) -> None:
    _, warehouse = generated_warehouse
    assert warehouse.rows("select message from reports.rpt_drift where is_beyond") == []
    assert [line for line in warehouse.output.splitlines() if line.startswith("warning:")] == []


def test_features_and_churn_rates_stay_far_from_their_limits(
    generated_warehouse: tuple[Path, Warehouse],
) -> None:
    """Half of the limits: a build of another seed does not warn either."""
    _, warehouse = generated_warehouse
    shifts = "select max(population_stability_index), count(*) from reports.feature_shifts"
    ((largest, features),) = warehouse.rows(shifts)
    assert features > 60
    assert largest < 0.25 / 2
    rates = "select max(churn_rate) - min(churn_rate), count(churn_rate) from reports.snapshots"
    ((difference, snapshots),) = warehouse.rows(rates)
    assert snapshots == 3
    assert difference < 0.1


def test_daily_users_show_no_step_where_the_study_begins(
    generated_warehouse: tuple[Path, Warehouse],
) -> None:
    _, warehouse = generated_warehouse
    users = dict(
        warehouse.rows("""
            select activity_date >= date '2017-03-30', count(*) / count(distinct activity_date)
            from reports.user_daily_activity
            where activity_date between '2017-03-16' and '2017-04-12'
            group by 1
        """)
    )
    assert abs(users[True] / users[False] - 1) < 0.15
