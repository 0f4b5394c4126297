"""First part of the page: the figures that matter most, and whether people still play."""

from __future__ import annotations

import altair as alt

from music_box.report_page.figures import Fact, Figure, Section, plot
from music_box.report_page.published import PublishedCopy
from music_box.report_page.words import count, interval, score, share


def facts(copy: PublishedCopy) -> list[Fact]:
    """The figures on top of the page; what cannot be known yet is left out."""
    return [
        *_churn(copy),
        *_risk(copy),
        *_champion(copy),
        *_recommendations(copy),
        *_activity(copy),
        *_deliveries(copy),
    ]


def _churn(copy: PublishedCopy) -> list[Fact]:
    rows = copy.rows(
        """
        select snapshots.snapshot_date, snapshots.users, snapshots.churn_rate,
            min(stages.stage) as stage,
            snapshots.label_end_date - snapshots.label_start_date + 1 as label_days
        from reports.snapshots as snapshots
        inner join churn.churn_business_stage as stages using (snapshot_date)
        where snapshots.churn_rate is not null
        group by all
        order by snapshots.snapshot_date desc
        limit 1
        """
    )
    return [
        Fact(
            "Churn rate",
            share(row["churn_rate"]),
            f"of {count(row['users'])} users, silent for {row['label_days']} days after"
            f" {row['snapshot_date']}: {row['stage']} stage",
            "churn",
        )
        for row in rows
    ]


def _risk(copy: PublishedCopy) -> list[Fact]:
    rows = copy.rows(
        """
        select snapshot_date, count(*) as users,
            count(*) filter (where is_at_risk) as users_at_risk,
            count(*) filter (where is_to_contact) as users_to_contact,
            sum(expected_value) filter (where is_to_contact) as expected_value
        from churn.churn_risk_users
        group by snapshot_date
        """
    )
    return [
        Fact(
            "Users to contact",
            count(row["users_to_contact"]),
            f"{count(row['users_at_risk'])} of {count(row['users'])} scored on"
            f" {row['snapshot_date']} are at risk; expected value of contacting"
            f" {count(row['expected_value'])}, by the values of the seeds",
            "people",
        )
        for row in rows
    ]


def _champion(copy: PublishedCopy) -> list[Fact]:
    rows = copy.rows(
        """
        select metrics.model_name, metrics.value, metrics.lower_bound, metrics.upper_bound,
            metrics.users, metrics.snapshot_date, recency.value as recency_value
        from churn.churn_models as models
        inner join churn.churn_model_metrics as metrics using (snapshot_date, model_name)
        left join churn.churn_model_metrics as recency
            on metrics.snapshot_date = recency.snapshot_date
            and metrics.split = recency.split and metrics.metric = recency.metric
            and recency.model_name = 'days_since_last_event'
        where models.is_champion and metrics.split = 'test' and metrics.metric = 'auc'
        order by metrics.snapshot_date desc
        limit 1
        """
    )
    return [
        Fact(
            "AUC of the champion",
            score(row["value"]),
            f"({interval(row['lower_bound'], row['upper_bound'])}) {row['model_name']} on"
            f" {count(row['users'])} test users of {row['snapshot_date']}; silence alone"
            f" {score(row['recency_value'])}",
            "models",
        )
        for row in rows
    ]


def _recommendations(copy: PublishedCopy) -> list[Fact]:
    rows = copy.rows(
        """
        with judged as (
            select * from recommendations.recommender_metrics
            where split = 'temporal' and task = 'discovery' and songs = 'new'
                and user_group = 'matrix' and metric = 'ndcg' and k = 10
        ),

        served as (
            select policy as recommender, count(*) as songs
            from recommendations.recommendations
            where policy in (select recommender from judged)
                and policy <> 'popularity'
            group by policy
            order by songs desc
            limit 1
        )

        select judged.*, popularity.value as popularity_value
        from judged
        inner join served using (recommender)
        left join judged as popularity on popularity.recommender = 'popularity'
        """
    )
    return [
        Fact(
            "NDCG@10 of the lists",
            score(row["value"]),
            f"({interval(row['lower_bound'], row['upper_bound'])}) {row['recommender']}, new songs"
            f" that {count(row['users'])} users liked after {row['snapshot_date']}; popularity"
            f" {score(row['popularity_value'])}",
            "recommendations",
        )
        for row in rows
    ]


def _activity(copy: PublishedCopy) -> list[Fact]:
    rows = copy.rows(
        """
        select activity_date, count(*) as users, sum(plays) as plays
        from reports.user_daily_activity
        group by activity_date
        order by activity_date desc
        limit 1
        """
    )
    return [
        Fact(
            "Active users",
            count(row["users"]),
            f"on {row['activity_date']}, with {count(row['plays'])} plays",
            "overview",
        )
        for row in rows
    ]


def _deliveries(copy: PublishedCopy) -> list[Fact]:
    rows = copy.rows(
        """
        select missing_deliveries, last_log_date,
            (select sum(rejected_lines) from reports.rpt_deliveries) as rejected_lines,
            (select sum(lines) from reports.rpt_deliveries) as lines
        from reports.published_snapshot
        """
    )
    return [
        Fact(
            "Deliveries missing",
            count(row["missing_deliveries"]),
            f"in logs to {row['last_log_date'] or 'no day'}; {count(row['rejected_lines'] or 0)} of"
            f" {count(row['lines'] or 0)} lines rejected",
            "deliveries",
        )
        for row in rows
    ]


def section(copy: PublishedCopy) -> Section:
    """Active users and what they play, day by day."""
    days = copy.rows(
        """
        with days as (
            select activity_date, count(*) as active_users, sum(plays) as plays,
                sum(plays) / count(*) as plays_per_active_user,
                sum(completed_plays) / nullif(sum(plays), 0) as completion_rate
            from reports.user_daily_activity
            group by activity_date
        )

        select calendar.calendar_date as activity_date, days.* exclude (activity_date)
        from reports.calendar_days as calendar
        left join days on calendar.calendar_date = days.activity_date
        order by calendar.calendar_date
        """
    )
    base = plot("activity_date").encode(
        x=alt.X("activity_date:T", title=None, axis=alt.Axis(format="%d %b", tickCount=6)),
        tooltip=[
            alt.Tooltip("activity_date:T", title="day", format="%Y-%m-%d"),
            alt.Tooltip("active_users:Q", title="active users", format=","),
            alt.Tooltip("plays_per_active_user:Q", title="plays per active user", format=".1f"),
            alt.Tooltip("completion_rate:Q", title="completed plays", format=".1%"),
        ],
    )
    columns = {
        "activity_date": "day",
        "active_users": "active users",
        "plays": "plays",
        "plays_per_active_user": "plays per active user",
        "completion_rate": "completed plays (share)",
    }
    return Section(
        "overview",
        "Overview",
        "Whoever plays, downloads or searches on a day is active. A gap is a day without logs.",
        [
            Figure(
                name="daily-active-users",
                title="Daily active users",
                explanation="Users with a play, a download or a search on the day.",
                sources=["user_daily_activity", "calendar_days"],
                rows=days,
                without_rows="There is no activity in the logs.",
                columns=columns,
                chart=base.mark_line(point=True, invalid="break-paths-show-path-domains").encode(
                    y=alt.Y("active_users:Q", title="active users")
                ),
            ),
            Figure(
                name="plays-per-active-user",
                title="Plays per active user",
                explanation="Plays of the day over the users who are active on it.",
                sources=["user_daily_activity", "calendar_days"],
                rows=days,
                without_rows="There is no activity in the logs.",
                columns=columns,
                chart=base.mark_line(point=True, invalid="break-paths-show-path-domains").encode(
                    y=alt.Y("plays_per_active_user:Q", title="plays per active user")
                ),
            ),
        ],
    )
