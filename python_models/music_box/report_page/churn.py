"""Second part of the page: who left, and what the logs look like in which this is counted."""

from __future__ import annotations

import altair as alt

from music_box.report_page.figures import ACCENT, CALM, COOL, WARM, Figure, Section, choice, plot
from music_box.report_page.published import PublishedCopy

TIERS = {"act": WARM, "watch": ACCENT, "keep": CALM}
CONTACTS = {"to contact": ACCENT, "held out": COOL, "no contact": CALM}


def section(copy: PublishedCopy) -> Section:
    """Churn rates, stage, who is left out as a bot, cohorts and tiers."""
    return Section(
        "churn",
        "Churn",
        "A user of a snapshot has churned if they have no play, download or search in the days"
        " after it.",
        [
            _rates(copy),
            _actions(copy),
            _tiers(copy),
            _probabilities(copy),
            _cohorts(copy),
            _records(copy),
            _loyal_users(copy),
            _songs_before_churn(copy),
        ],
    )


def _rates(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select snapshots.snapshot_date, snapshots.role, snapshots.users, snapshots.churn_rate,
            min(stages.stage) as stage
        from reports.snapshots as snapshots
        inner join churn.churn_business_stage as stages using (snapshot_date)
        where snapshots.churn_rate is not null
        group by all
        order by snapshots.snapshot_date
        """
    )
    base = plot(height=200).encode(
        x=alt.X(
            "churn_rate:Q",
            title="churn rate",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%", tickCount=5),
        ),
        y=alt.Y("snapshot_date:N", title=None),
        tooltip=["snapshot_date:N", "role:N", "stage:N", alt.Tooltip("users:Q", format=",")],
    )
    bars = base.mark_bar(size=22)
    labels = base.mark_text(align="left", dx=6).encode(text=alt.Text("churn_rate:Q", format=".1%"))
    return Figure(
        name="churn-rate",
        title="Churn rate and stage",
        explanation="Share of a snapshot's users who were gone in the label window. In the"
        " stickiness stage many leave, and keeping users comes first; in the revenue stage offers"
        " may cost more.",
        sources=["snapshots", "churn_business_stage"],
        rows=rows,
        without_rows="No snapshot has a label window inside the logs yet.",
        chart=bars + labels,
    )


def _actions(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select case when is_paying then 'paying' else 'free' end as user_type, stage, users,
            churned_users, allowed_actions, acquisition_cost
        from churn.churn_business_stage
        where snapshot_date = (select max(snapshot_date) from churn.churn_business_stage)
        order by user_type
        """
    )
    return Figure(
        name="allowed-actions",
        title="What the stage allows",
        explanation="Offers for free and for paying users, on the latest labelled snapshot.",
        sources=["churn_business_stage"],
        rows=rows,
        without_rows="There is no stage before a churn rate is known.",
        columns={
            "user_type": "users",
            "stage": "stage",
            "users": "count",
            "churned_users": "churned",
            "allowed_actions": "allowed actions",
            "acquisition_cost": "cost of a new user",
        },
    )


def _tiers(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select tier, min(tier_label) as tier_label,
            case
                when is_to_contact then 'to contact'
                when is_holdout then 'held out'
                else 'no contact'
            end as contact,
            count(*) as users
        from churn.churn_risk_users
        group by tier, contact
        order by tier, contact
        """
    )
    chart = (
        plot(height=200)
        .mark_bar(size=28)
        .encode(
            x=alt.X("users:Q", title="users", axis=alt.Axis(tickCount=5)),
            y=alt.Y("tier:N", title=None, sort=list(TIERS)),
            color=alt.Color(
                "contact:N", scale=alt.Scale(domain=list(CONTACTS), range=list(CONTACTS.values()))
            ),
            order=alt.Order("contact:N", sort="descending"),
            tooltip=["tier_label:N", "contact:N", alt.Tooltip("users:Q", format=",")],
        )
    )
    return Figure(
        name="risk-tiers",
        title="Risk tiers",
        explanation="Users of the latest snapshot by tier. Held out are those whom nobody contacts,"
        " so that an offer's effect can be measured.",
        sources=["churn_risk_users"],
        rows=rows,
        without_rows="Nobody is scored: no churn model could be fitted.",
        chart=chart,
    )


def _probabilities(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select tier, floor(least(churn_probability, 0.999) * 40) / 40 as probability_from,
            floor(least(churn_probability, 0.999) * 40 + 1) / 40 as probability_below,
            count(*) as users
        from churn.churn_risk_users
        group by all
        order by all
        """
    )
    chart = (
        plot(height=200)
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X(
                "probability_from:Q",
                bin="binned",
                title="churn probability",
                axis=alt.Axis(format="%", tickCount=5),
            ),
            x2="probability_below:Q",
            y=alt.Y("users:Q", title="users", stack=True),
            color=alt.Color(
                "tier:N", scale=alt.Scale(domain=list(TIERS), range=list(TIERS.values()))
            ),
            tooltip=[
                "tier:N",
                alt.Tooltip("probability_from:Q", title="from", format=".1%"),
                alt.Tooltip("probability_below:Q", title="below", format=".1%"),
                alt.Tooltip("users:Q", format=","),
            ],
        )
    )
    return Figure(
        name="churn-probabilities",
        title="How sure the scores are",
        explanation="Calibrated churn probability of the users of the latest snapshot.",
        sources=["churn_risk_users"],
        rows=rows,
        without_rows="Nobody is scored: no churn model could be fitted.",
        chart=chart,
    )


def _cohorts(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select snapshot_date, first_seen_week_date, users, churned_users, churn_rate,
            mean_active_days
        from reports.rpt_churn_cohorts
        order by snapshot_date, first_seen_week_date
        """
    )
    base = plot("first_seen_week_date").encode(
        x=alt.X(
            "first_seen_week_date:T",
            title="week of the first record",
            axis=alt.Axis(format="%d %b", tickCount=6),
        ),
        y=alt.Y("churn_rate:Q", title="churn rate", axis=alt.Axis(format="%")),
        color=alt.Color("snapshot_date:N"),
        tooltip=[
            alt.Tooltip("snapshot_date:N", title="snapshot"),
            alt.Tooltip("first_seen_week_date:T", title="first seen in week of", format="%Y-%m-%d"),
            alt.Tooltip("users:Q", format=","),
            alt.Tooltip("churn_rate:Q", title="churn rate", format=".1%"),
            alt.Tooltip("mean_active_days:Q", title="active days", format=".1f"),
        ],
    )
    dots = base.mark_circle().encode(
        size=alt.Size("users:Q", scale=alt.Scale(range=[20, 500]), legend=None)
    )
    return Figure(
        name="churn-cohorts",
        title="Churn by week of arrival",
        explanation="Churn rate by the week in which users first appear in the logs, per"
        " snapshot; the larger the dot, the more users. The first week of the logs also holds"
        " everybody from before.",
        sources=["rpt_churn_cohorts"],
        rows=rows,
        without_rows="No snapshot is labelled yet.",
        chart=base.mark_line(strokeWidth=1.5) + dots,
    )


def _records(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select snapshot_date, log10_records_from, log10_records_below, users,
            threshold_records, log10(threshold_records) as log10_threshold
        from reports.rpt_record_count_histogram
        order by snapshot_date desc, bin
        """
    )
    snapshot = choice("Snapshot", "snapshot_date", rows)
    # of a snapshot without a threshold there is no extent to choose
    ends = [row[end] or 0 for row in rows for end in ("log10_records_below", "log10_threshold")]
    base = plot()
    bars = base.mark_bar(binSpacing=1).encode(
        x=alt.X(
            "log10_records_from:Q",
            bin="binned",
            title="log10 (records per user)",
            axis=alt.Axis(tickMinStep=1),
            scale=alt.Scale(domain=[0, max(ends, default=1)]),
        ),
        x2="log10_records_below:Q",
        y=alt.Y("users:Q", title="users"),
        tooltip=[
            alt.Tooltip("log10_records_from:Q", title="log10 from", format=".1f"),
            alt.Tooltip("log10_records_below:Q", title="below", format=".1f"),
            alt.Tooltip("users:Q", format=","),
        ],
    )
    threshold = base.mark_rule(style="threshold", aria=False).encode(
        x="min(log10_threshold):Q",
        tooltip=alt.Tooltip(
            "min(threshold_records):Q", title="bot threshold (records)", format=",.0f"
        ),
    )
    text = base.mark_text(
        style="threshold-text", align="right", dx=-6, baseline="top", aria=False
    ).encode(x="min(log10_threshold):Q", y=alt.value(0), text=alt.value("bots →"))
    return Figure(
        name="record-histogram",
        title="Records per user, and who is a bot",
        explanation="Users of the feature window by the number of their records. Whoever has more"
        " than the threshold is left out as a bot.",
        sources=["rpt_record_count_histogram", "rpt_excluded_users"],
        rows=rows,
        without_rows="There are no records in a feature window.",
        chart=(bars + threshold + text).transform_filter(snapshot).add_params(snapshot),
    )


def _loyal_users(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select label, cohens_d, loyal_mean, other_mean, loyal_users, other_users
        from reports.rpt_loyal_users
        where cohens_d is not null
        order by difference_rank
        limit 12
        """
    )
    chart = (
        plot(height=330)
        .mark_bar()
        .encode(
            x=alt.X("cohens_d:Q", title="Cohen's d", axis=alt.Axis(tickCount=5)),
            y=alt.Y("label:N", title=None, sort=None),
            tooltip=[
                "label:N",
                alt.Tooltip("cohens_d:Q", title="Cohen's d", format=".2f"),
                alt.Tooltip("loyal_mean:Q", title="mean, loyal", format=",.3~g"),
                alt.Tooltip("other_mean:Q", title="mean, others", format=",.3~g"),
            ],
        )
    )
    return Figure(
        name="loyal-users",
        title="What loyal users share",
        explanation="The users whom the model finds least likely to churn, against all others: the"
        " features that differ most. It describes them; it does not say what made them loyal.",
        sources=["rpt_loyal_users"],
        rows=rows,
        without_rows="Nobody is scored: no churn model could be fitted.",
        chart=chart,
    )


def _songs_before_churn(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select song_name, singer, listeners, churned_listeners, expected_churned_listeners,
            q_value
        from reports.rpt_songs_before_churn
        where snapshot_date = (select max(snapshot_date) from reports.rpt_songs_before_churn)
        order by rank
        limit 10
        """
    )
    return Figure(
        name="songs-before-churn",
        title="Songs before churn",
        explanation="Songs that churners heard in their last days more often than equally active"
        " users who stayed. Only a small q speaks against chance, many songs being looked at.",
        sources=["rpt_songs_before_churn"],
        rows=rows,
        without_rows="No song has enough listeners in their last days.",
        columns={
            "song_name": "song",
            "singer": "singer",
            "listeners": "listeners",
            "churned_listeners": "churned",
            "expected_churned_listeners": "expected",
            "q_value": "q",
        },
    )
