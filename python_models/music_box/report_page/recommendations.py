"""Fifth part of the page: which recommender finds what users like, and who listens alike."""

from __future__ import annotations

import altair as alt

from music_box.report_page.figures import (
    ACCENT,
    MUTED,
    WARM,
    Figure,
    Section,
    choice,
    plot,
)
from music_box.report_page.published import PublishedCopy

NO_LISTS = "No recommender is judged yet: it takes a labelled snapshot and users with enough songs."
NO_FACTORS = "No listening could be factorised: it takes users with enough songs."


def section(copy: PublishedCopy) -> Section:
    """Metrics with intervals, overlap of lists, clusters of users, styles."""
    return Section(
        "recommendations",
        "Recommendations",
        "Recommenders are tuned on what users first hear in the last days of the window, and"
        " judged on what they like after it. The test is read once.",
        [
            _metrics(copy),
            _differences(copy),
            _in_sample(copy),
            _overlap(copy),
            _clusters(copy),
            _styles(copy),
        ],
    )


def _metrics(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select recommender, split, metric, k, value, lower_bound, upper_bound, users,
            case
                when recommender in (select distinct policy from recommendations.recommendations)
                    and recommender <> 'popularity' then 'served'
                when recommender in ('popularity', 'popularity_recent', 'same_singer')
                    then 'baseline'
                else 'recommender'
            end as kind
        from recommendations.recommender_metrics
        where task = 'discovery' and songs = 'new' and user_group = 'matrix'
        order by split = 'temporal' desc, metric = 'ndcg' desc, metric = 'recall' desc, metric, k,
            recommender
        """
    )
    metric = choice("Metric", "metric", rows)
    cut = choice("Length of list", "k", rows)
    split = choice("Split", "split", rows)
    scale = alt.Scale(domain=["served", "recommender", "baseline"], range=[ACCENT, MUTED, WARM])
    base = plot(height=380).encode(
        y=alt.Y(
            "recommender:N", title=None, sort=alt.EncodingSortField("value", order="descending")
        ),
        tooltip=[
            "recommender:N",
            "metric:N",
            "k:Q",
            "split:N",
            alt.Tooltip("value:Q", format=".4f"),
            alt.Tooltip("lower_bound:Q", title="from", format=".4f"),
            alt.Tooltip("upper_bound:Q", title="to", format=".4f"),
            alt.Tooltip("users:Q", format=","),
        ],
    )
    intervals = base.mark_rule(style="interval").encode(x="lower_bound:Q", x2="upper_bound:Q")
    dots = base.mark_circle(size=110).encode(
        x=alt.X("value:Q", title="value with interval", axis=alt.Axis(tickCount=5)),
        color=alt.Color("kind:N", scale=scale),
    )
    return Figure(
        name="recommender-metrics",
        title="Metrics of the recommenders",
        explanation="New songs that users of the utility matrix liked, found in the first places"
        " of a list. “temporal” counts: fitted before, judged after; “random” hides pairs of the"
        " same days.",
        sources=["recommender_metrics"],
        rows=rows,
        without_rows=NO_LISTS,
        chart=(intervals + dots)
        .transform_filter(metric)
        .transform_filter(cut)
        .transform_filter(split)
        .add_params(metric, cut, split),
    )


def _differences(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select comparisons.compared_with, comparisons.difference, comparisons.lower_bound,
            comparisons.upper_bound, comparisons.users,
            case when is_significant then 'beyond chance' else 'may be chance' end as verdict
        from recommendations.recommender_comparisons as comparisons
        where task = 'discovery' and songs = 'new' and user_group = 'matrix'
            and metric = 'ndcg' and k = 10 and split = 'temporal'
            and recommender in (select distinct policy from recommendations.recommendations)
            and recommender <> 'popularity'
        order by difference
        """
    )
    base = plot(height=380)
    encoded = base.encode(
        y=alt.Y("compared_with:N", title=None, sort=None),
        tooltip=[
            alt.Tooltip("compared_with:N", title="against"),
            alt.Tooltip("difference:Q", format="+.4f"),
            alt.Tooltip("lower_bound:Q", title="from", format="+.4f"),
            alt.Tooltip("upper_bound:Q", title="to", format="+.4f"),
        ],
    )
    zero = base.mark_rule(style="reference", aria=False).encode(x=alt.datum(0))
    intervals = encoded.mark_rule(style="interval").encode(x="lower_bound:Q", x2="upper_bound:Q")
    dots = encoded.mark_circle(size=110).encode(
        x=alt.X("difference:Q", title="difference of NDCG@10", axis=alt.Axis(tickCount=5)),
        color=alt.Color(
            "verdict:N",
            scale=alt.Scale(domain=["beyond chance", "may be chance"], range=[ACCENT, MUTED]),
        ),
    )
    return Figure(
        name="recommender-differences",
        title="What is served, against each other recommender",
        explanation="NDCG@10 of what is served, less that of the other, paired over the same"
        " users of the temporal split, with the interval of resampled users.",
        sources=["recommender_comparisons"],
        rows=rows,
        without_rows=NO_LISTS,
        chart=zero + intervals + dots,
    )


def _in_sample(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select recommender, replace(metric, '_', ' ') as metric, value, users, rated_songs, factors
        from recommendations.recommender_metrics
        where split = 'in_sample'
        order by metric, recommender
        """
    )
    return Figure(
        name="in-sample-errors",
        title="In-sample errors, as the study took them",
        explanation="How well observed ratings are remembered by what was fitted on them; not how"
        " well anything is recommended.",
        sources=["recommender_metrics"],
        rows=rows,
        without_rows=NO_LISTS,
        columns={
            "recommender": "recommender",
            "metric": "error",
            "value": "value",
            "users": "users",
            "rated_songs": "songs",
            "factors": "factors",
        },
    )


def _overlap(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select recommenders, top_songs, mean_common_songs, users, example_common_songs
        from recommendations.recommender_overlap
        order by top_songs, recommender_count, recommenders
        """
    )
    return Figure(
        name="overlap",
        title="Songs that lists have in common",
        explanation="How many of a user's top songs two or more recommenders share, on average"
        " and for one user.",
        sources=["recommender_overlap"],
        rows=rows,
        without_rows=NO_LISTS,
        columns={
            "recommenders": "recommenders",
            "top_songs": "of the top",
            "mean_common_songs": "on average",
            "users": "users",
            "example_common_songs": "for one user",
        },
    )


def _clusters(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select cluster, users, user_share, mean_songs, mean_plays, mean_active_days,
            weekend_play_share, paying_share, top_singers, blend
        from recommendations.user_clusters
        order by users desc
        """
    )
    return Figure(
        name="clusters",
        title="Users who listen alike",
        explanation="Clusters of users, the singers that they play more than others do, and how"
        " much each recommender counts for them.",
        sources=["user_clusters"],
        rows=rows,
        without_rows=NO_FACTORS,
        is_wide=True,
        columns={
            "cluster": "cluster",
            "users": "users",
            "user_share": "share",
            "mean_songs": "songs each",
            "mean_active_days": "active days",
            "weekend_play_share": "weekend plays",
            "paying_share": "paying",
            "top_singers": "singers",
            "blend": "weights",
        },
    )


def _styles(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select style, max(style_share) as style_share,
            string_agg(song_name || ' · ' || singer, '; ' order by song_rank) as top_songs
        from recommendations.song_styles
        where song_rank <= 3
        group by style
        order by style_share desc, style
        limit 12
        """
    )
    return Figure(
        name="styles",
        title="Styles that listening draws",
        explanation="Directions of taste that the factorisation found, the largest first, with"
        " the songs that show them.",
        sources=["song_styles"],
        rows=rows,
        without_rows=NO_FACTORS,
        is_wide=True,
        columns={"style": "style", "style_share": "share of listening", "top_songs": "top songs"},
    )
