"""Last part of the page: what came, what became of every line, and what cleaning does."""

from __future__ import annotations

import altair as alt

from music_box.report_page.figures import ACCENT, CALM, MUTED, WARM, Figure, Section, plot
from music_box.report_page.published import PublishedCopy

EVENTS = ["play", "search", "down"]
# A date far from all others would stretch every chart; the table of findings names it.
IS_DAY_OF_LOGS = """event_date is not null and cast(event_date as varchar) not in (
                select subject from reports.rpt_drift where check_name = 'outlying_date'
            )"""


def section(copy: PublishedCopy) -> Section:
    """Completeness and freshness, lines, rejections, cleaning, exclusions."""
    return Section(
        "deliveries",
        "Deliveries and cleaning",
        "Every line that was delivered is part of one record, or is rejected with a reason. Look"
        " here before you doubt a number.",
        [
            _calendar(copy),
            _records(copy),
            _rejected(copy),
            _missing(copy),
            _drift(copy),
            _excluded(copy),
            _files(copy),
            _cleaning(copy),
            _missingness(copy),
        ],
    )


def _calendar(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        f"""
        with delivered as (
            select event_date, event, count(*) filter (where status = 'accepted') as accepted_files,
                count(*) filter (where status = 'unreadable') as unreadable_files
            from reports.rpt_deliveries
            where {IS_DAY_OF_LOGS}
            group by event_date, event
        ),

        missing as (
            select event_date, event, count(*) as missing_parts
            from reports.rpt_missing_deliveries
            group by event_date, event
        )

        select event_date, event, coalesce(accepted_files, 0) as accepted_files,
            coalesce(missing_parts, 0) as missing_parts,
            case
                when coalesce(accepted_files, 0) = 0 then 'nothing'
                when coalesce(missing_parts, 0) + coalesce(unreadable_files, 0) > 0 then 'part'
                else 'all'
            end as delivered
        from delivered
        full join missing using (event_date, event)
        order by event_date, event
        """
    )
    scale = alt.Scale(domain=["all", "part", "nothing"], range=[CALM, ACCENT, WARM])
    chart = (
        plot("event_date", height=130)
        .mark_rect(stroke="var(--page)")
        .encode(
            x=alt.X(
                "yearmonthdate(event_date):T",
                title=None,
                axis=alt.Axis(format="%d %b", tickCount=8),
            ),
            y=alt.Y("event:N", title=None, sort=EVENTS),
            color=alt.Color("delivered:N", scale=scale),
            tooltip=[
                alt.Tooltip("event_date:T", title="day", format="%Y-%m-%d"),
                "event:N",
                "delivered:N",
                alt.Tooltip("accepted_files:Q", title="files"),
                alt.Tooltip("missing_parts:Q", title="missing parts"),
            ],
        )
    )
    return Figure(
        name="delivery-calendar",
        title="How complete the days are",
        explanation="Per day and event: all usual parts came, a part is missing or unreadable, or"
        " nothing came.",
        sources=["rpt_deliveries", "rpt_missing_deliveries", "published_snapshot"],
        rows=rows,
        without_rows="Nothing was delivered.",
        chart=chart,
        is_wide=True,
    )


def _missing(copy: PublishedCopy) -> Figure:
    return Figure(
        name="missing-deliveries",
        title="Deliveries that did not come",
        explanation="Parts that usually come, on days on which they did not.",
        sources=["rpt_missing_deliveries"],
        rows=copy.rows(
            """
            select event_date, event, string_agg(part, ', ' order by part) as parts
            from reports.rpt_missing_deliveries
            group by event_date, event
            order by event_date, event
            """
        ),
        without_rows="Everything that usually comes has come.",
        columns={"event_date": "day", "event": "event", "parts": "parts"},
    )


def _drift(copy: PublishedCopy) -> Figure:
    return Figure(
        name="drift",
        title="What is not as usual",
        explanation="Lines and fields that could not be read, days and deliveries that are missing,"
        " and what differs from the days or snapshots before by more than is usual.",
        sources=["rpt_drift"],
        rows=copy.rows(
            """
            select severity, replace(check_name, '_', ' ') as check_name, message
            from reports.rpt_drift
            where is_beyond
            order by severity, check_name, measured_value desc
            limit 30
            """
        ),
        without_rows="Records, churn rate and features are like those before.",
        columns={
            "severity": "severity",
            "check_name": "what",
            "message": "finding",
        },
    )


def _records(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        f"""
        select event_date, event, sum(records) as records, sum(lines) as lines,
            sum(repaired_lines) as repaired_lines, sum(rejected_lines) as rejected_lines
        from reports.rpt_deliveries
        where {IS_DAY_OF_LOGS}
        group by event_date, event
        order by event_date, event
        """
    )
    chart = (
        plot("event_date")
        .mark_bar()
        .encode(
            x=alt.X(
                "yearmonthdate(event_date):T",
                title=None,
                axis=alt.Axis(format="%d %b", tickCount=6),
            ),
            y=alt.Y("records:Q", title="records", axis=alt.Axis(format="~s")),
            color=alt.Color("event:N", sort=EVENTS),
            tooltip=[
                alt.Tooltip("event_date:T", title="day", format="%Y-%m-%d"),
                "event:N",
                alt.Tooltip("records:Q", format=","),
                alt.Tooltip("repaired_lines:Q", title="repaired lines", format=","),
                alt.Tooltip("rejected_lines:Q", title="rejected lines", format=","),
            ],
        )
    )
    return Figure(
        name="records-by-day",
        title="Records by day",
        explanation="Records accepted of plays, searches and downloads.",
        sources=["rpt_deliveries"],
        rows=rows,
        without_rows="Nothing was delivered.",
        chart=chart,
    )


def _rejected(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        with sums as (
            select
                sum(repaired_lines) as "repaired",
                sum(columns('rejected_.*')) as "\\0",
                sum(set_aside_lines) as "set aside with their file"
            from reports.rpt_deliveries
        )

        select replace(replace(outcome, 'rejected_', 'rejected: '), '_', ' ') as outcome,
            cast(lines as bigint) as lines,
            case
                when outcome = 'repaired' then 'kept'
                when outcome like 'rejected%' then 'rejected'
                else 'set aside'
            end as kept
        from (unpivot sums on columns(*) into name outcome value lines)
        where outcome <> 'rejected_lines' and lines > 0
        order by lines desc
        """
    )
    chart = (
        plot(height=260)
        .mark_bar()
        .encode(
            x=alt.X("lines:Q", title="lines (square-root scale)", scale=alt.Scale(type="sqrt")),
            y=alt.Y("outcome:N", title=None, sort=None),
            color=alt.Color(
                "kept:N",
                scale=alt.Scale(
                    domain=["kept", "rejected", "set aside"], range=[ACCENT, WARM, MUTED]
                ),
            ),
            tooltip=["outcome:N", alt.Tooltip("lines:Q", format=",")],
        )
    )
    return Figure(
        name="rejected-lines",
        title="Lines repaired, rejected and set aside",
        explanation="A line is repaired where that takes no guess, else rejected. Lines of files"
        " that are doubled or superseded are set aside with their file.",
        sources=["rpt_deliveries"],
        rows=rows,
        without_rows="Every line was accepted as it came.",
        chart=chart,
    )


def _files(copy: PublishedCopy) -> Figure:
    return Figure(
        name="files-not-accepted",
        title="Files that were not taken as they came",
        explanation="Doubled, superseded, unreadable and ignored files, and accepted ones with a"
        " remark.",
        sources=["rpt_deliveries"],
        rows=copy.rows(
            """
            select file_name, status, lines, remark
            from reports.rpt_deliveries
            where status <> 'accepted' or remark is not null
            order by status, file_name
            limit 30
            """
        ),
        without_rows="Every file was taken as it came.",
        is_wide=True,
        columns={"file_name": "file", "status": "status", "lines": "lines", "remark": "why"},
    )


def _cleaning(copy: PublishedCopy) -> Figure:
    return Figure(
        name="cleaning",
        title="What cleaning does to plays",
        explanation="Plays of the latest snapshot, rule by rule, each on what the last one left.",
        sources=["rpt_cleaning"],
        rows=copy.rows(
            """
            select replace(stage, '_', ' ') as stage, records, users, dropped_records,
                filled_play_times, filled_song_lengths, play_seconds_mean, play_seconds_max,
                song_seconds_mean, song_seconds_max
            from reports.rpt_cleaning
            where event = 'play'
                and snapshot_date = (select max(snapshot_date) from reports.rpt_cleaning)
            order by stage_number
            """
        ),
        without_rows="There are no plays in a feature window.",
        is_wide=True,
        columns={
            "stage": "after",
            "records": "plays",
            "users": "users",
            "dropped_records": "dropped",
            "filled_play_times": "play times filled",
            "filled_song_lengths": "lengths filled",
            "play_seconds_mean": "mean play (s)",
            "play_seconds_max": "longest play (s)",
            "song_seconds_mean": "mean song (s)",
            "song_seconds_max": "longest song (s)",
        },
    )


def _excluded(copy: PublishedCopy) -> Figure:
    return Figure(
        name="excluded-users",
        title="Who is left out",
        explanation="Users without whom every feature, score and list is made.",
        sources=["rpt_excluded_users"],
        rows=copy.rows(
            """
            select snapshot_date, reason, count(*) as users, sum(records) as records,
                max(threshold_records) as threshold_records
            from reports.rpt_excluded_users
            group by snapshot_date, reason
            order by snapshot_date desc, reason
            """
        ),
        without_rows="Nobody is left out.",
        columns={
            "snapshot_date": "snapshot",
            "reason": "reason",
            "users": "users",
            "records": "records",
            "threshold_records": "threshold (records)",
        },
    )


def _missingness(copy: PublishedCopy) -> Figure:
    return Figure(
        name="missingness",
        title="Is the dirt random?",
        explanation="A user's share of plays with a dirty field, churned against staying: Welch's"
        " test and Cohen's d. Informative is what is neither chance nor small.",
        sources=["rpt_missingness_tests"],
        rows=copy.rows(
            """
            select snapshot_date, replace(field, '_', ' ') as field, churned_mean_share,
                staying_mean_share, p_value, cohens_d, informative
            from reports.rpt_missingness_tests
            order by snapshot_date desc, field
            """
        ),
        without_rows="No snapshot is labelled yet.",
        is_wide=True,
        columns={
            "snapshot_date": "snapshot",
            "field": "field",
            "churned_mean_share": "mean share, churned",
            "staying_mean_share": "mean share, staying",
            "p_value": "p",
            "cohens_d": "d",
            "informative": "informative",
        },
    )
