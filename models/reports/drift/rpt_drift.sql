-- What is not as it should be, or unlike the days and snapshots before: lines that are
-- no records, deliveries that did not come and records that collapsed, which stop the
-- publishing, and what has merely moved.
{%- set required_events = "'" ~ var('required_events') | join("', '") ~ "'" %}
with delivery_calendar as (

    select * from {{ ref('int_delivery_calendar') }}

),

deliveries as (

    select * from {{ ref('rpt_deliveries') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

feature_shifts as (

    select * from {{ ref('feature_shifts') }}

),

last_day_parts as (

    select * from {{ ref('last_day_parts') }}

),

field_readability as (

    select * from {{ ref('field_readability') }}

),

stopped_events as (

    select * from {{ ref('int_stopped_events') }}

),

outlying_days as (

    select
        deliveries.event_date,
        count(*) as files,
        min(deliveries.file_name) as example,
        cast(sum(deliveries.records) as bigint) as records
    from deliveries
    inner join {{ ref('int_delivery_days') }} as delivery_days
        on
            deliveries.event_date = delivery_days.event_date
            and delivery_days.is_outlying
    where deliveries.status = 'accepted'
    group by deliveries.event_date

),

line_losses as (

    select * from {{ ref('line_losses') }}

),

lost_lines as (

    select
        event,
        period,
        last_date,
        lines,
        'lines_rejected' as check_name,
        rejected_lines as affected_lines,
        {{ var('largest_rejected_share') }} as largest_share,
        'rejected, most of them as ' || coalesce(main_rejection_reason, 'nothing')
        || '. See rpt_rejected_lines; fields are separated by tabs, and the first '
        || 'one is a whole number. Deliver the lines again, then build again'
            as consequence
    from line_losses

    union all

    select
        event,
        period,
        last_date,
        lines,
        'lines_repaired' as check_name,
        repaired_lines as affected_lines,
        {{ var('largest_repaired_share') }} as largest_share,
        'repaired. See repaired_lines in rpt_deliveries; a text encoding other than '
        || 'UTF-8 is the usual cause. Deliver the lines as UTF-8, then build again'
            as consequence
    from line_losses

),

last_day as (

    select max(event_date) as event_date
    from delivery_calendar

),

events as (

    select distinct event
    from deliveries
    where status = 'accepted'

),

-- of logs without any of them, every event counts
missing_events as (

    select required_events.event
    from (
        select event from events
        where false
        {%- for event in var('required_events') %}
        union all
        select '{{ event }}' as event
        {%- endfor %}
    ) as required_events
    where
        required_events.event not in (select events.event from events)
        and exists (
            select 1 from events
            where events.event in ({{ required_events }})
        )

),

days as (

    select distinct
        events.event,
        delivery_calendar.event_date
    from delivery_calendar
    cross join events

),

day_records as (

    select
        days.event,
        days.event_date,
        coalesce(sum(deliveries.records), 0) as records
    from days
    left join deliveries
        on
            days.event = deliveries.event
            and days.event_date = deliveries.event_date
            and deliveries.status = 'accepted'
    group by days.event, days.event_date

),

volumes as (

    select
        last_day.event_date as checked_date,
        day_records.event as subject,
        sum(day_records.records) filter (
            where day_records.event_date = last_day.event_date
        ) as records,
        median(day_records.records) filter (
            where day_records.event_date < last_day.event_date
        ) as usual_records,
        min(day_records.records) filter (
            where day_records.event_date < last_day.event_date
        ) as least_records,
        max(day_records.records) filter (
            where day_records.event_date < last_day.event_date
        ) as most_records,
        count(*) - 1 as earlier_days
    from day_records
    inner join last_day
        on
            day_records.event_date
            between {{ add_days('last_day.event_date', -var('drift_days')) }}
            and last_day.event_date
    group by last_day.event_date, day_records.event

),

-- a day is whole, in whatever parts, if it holds about as many records as the days
-- before
last_parts as (

    select
        last_day_parts.*,
        coalesce(
            ' (part ' || last_day_parts.missing_part_names || ', last on '
            || {{ as_text('last_day_parts.missing_since_date') }} || ')',
            ''
        ) as absent_parts,
        stopped_events.event is not null
        and stopped_events.event not in ({{ required_events }}) as is_stopped,
        coalesce(
            volumes.usual_records >= {{ var('least_usual_records') }}
            and volumes.records
            >= {{ var('whole_records_share') }} * volumes.usual_records
            and (
                last_day_parts.new_parts is not null
                or {{ add_days(
                    'last_day_parts.missing_since_date', var('stopped_event_days')
                ) }} < last_day_parts.event_date
            ),
            false
        ) as is_whole
    from last_day_parts
    left join volumes on last_day_parts.event = volumes.subject
    left join stopped_events on last_day_parts.event = stopped_events.event

),

-- a few records come and go by chance, and a few days say nothing of what is usual
judged_volumes as (

    select * from volumes
    where
        earlier_days = {{ var('drift_days') }}
        and usual_records >= {{ var('least_usual_records') }}

),

churn_rates as (

    select
        snapshot_date,
        churn_rate,
        lag(churn_rate) over (order by snapshot_date asc) as earlier_churn_rate,
        lag(snapshot_date) over (order by snapshot_date asc) as earlier_snapshot_date
    from snapshots
    where churn_rate is not null
    qualify row_number() over (order by snapshot_date desc) = 1

),

checks as (

    select
        last_date as checked_date,
        check_name,
        event || ', ' || period as subject,
        affected_lines / cast(lines as double) as measured_value,
        largest_share as expected_value,
        'error' as severity,
        affected_lines > largest_share * lines as is_beyond,
        event || ', ' || period || ': ' || {{ as_text('affected_lines') }} || ' of '
        || {{ as_text('lines') }} || ' lines (at most '
        || {{ as_text('cast(100 * largest_share as bigint)') }} || ' % may be) were '
        || consequence as message
    from lost_lines
    where lines >= {{ var('least_usual_records') }}

    union all

    select
        event_date as checked_date,
        'missing_parts' as check_name,
        event as subject,
        cast(missing_parts as double) as measured_value,
        0.0 as expected_value,
        'error' as severity,
        missing_parts > 0 and not is_stopped and not is_whole as is_beyond,
        event || ': ' || {{ as_text('missing_parts') }}
        || ' of the usual deliveries of ' || {{ as_text('event_date') }}
        || ' did not come' || absent_parts || '. Wait for them, or say in '
        || 'seeds/expected_absences.csv that they do not come' as message
    from last_parts

    union all

    select
        event_date as checked_date,
        'layout_changed' as check_name,
        event as subject,
        cast(missing_parts as double) as measured_value,
        0.0 as expected_value,
        'warning' as severity,
        missing_parts > 0 and not is_stopped and is_whole as is_beyond,
        event || ': ' || {{ as_text('missing_parts') }}
        || ' of the usual deliveries of ' || {{ as_text('event_date') }}
        || ' did not come' || absent_parts || ', but its records are whole'
        || coalesce(', with the new part ' || new_parts, '')
        || '. If they never come again, say so in seeds/expected_absences.csv'
            as message
    from last_parts

    union all

    select
        last_date as checked_date,
        'event_stopped' as check_name,
        event as subject,
        cast({{ days_between('last_date', 'event_date') }} as double) as measured_value,
        cast({{ var('stopped_event_days') }} as double) as expected_value,
        case when is_required then 'error' else 'warning' end as severity,
        true as is_beyond,
        event || ': none has come since ' || {{ as_text('last_date') }} || ', '
        || {{ as_text(days_between('last_date', 'event_date')) }}
        || ' days before the last day of the logs. '
        || case
            when is_required
                then
                    'The service must have them, and no later day is scored. Deliver '
                    || 'them, or take them out of the var required_events'
            else 'Features that count them say 0 or never where it is unknown'
        end as message
    from (
        select
            stopped_events.event,
            stopped_events.last_date,
            stopped_events.event in ({{ required_events }}) as is_required,
            last_day.event_date
        from stopped_events
        cross join last_day
    ) as stopped

    union all

    select
        last_day.event_date as checked_date,
        'event_missing' as check_name,
        missing_events.event as subject,
        0.0 as measured_value,
        1.0 as expected_value,
        'error' as severity,
        true as is_beyond,
        missing_events.event || ': none has ever come. The service must have them. '
        || 'Deliver them, or take them out of the var required_events' as message
    from missing_events
    cross join last_day
    where last_day.event_date is not null

    union all

    select
        event_date as checked_date,
        'outlying_date' as check_name,
        {{ as_text('event_date') }} as subject,
        cast(files as double) as measured_value,
        0.0 as expected_value,
        'warning' as severity,
        true as is_beyond,
        {{ as_text('event_date') }} || ' is far from all other days. ' || example
        || ' and ' || {{ as_text('files - 1') }} || ' more, with '
        || {{ as_text('records') }} || ' records, are left out of calendars and '
        || 'snapshots. Rename the files if their date is wrong' as message
    from outlying_days

    union all

    select
        last_day.event_date as checked_date,
        'field_unreadable' as check_name,
        field_readability.event || ', ' || field_readability.field as subject,
        field_readability.read_records
        / cast(field_readability.records as double) as measured_value,
        {{ var('least_readable_share') }} as expected_value,
        case
            when field_readability.null_feature is null then 'error' else 'warning'
        end as severity,
        field_readability.read_records
        < {{ var('least_readable_share') }} * field_readability.records as is_beyond,
        field_readability.event || ': ' || field_readability.field
        || ' has the form and unit that the README describes in '
        || {{ as_text('field_readability.read_records') }}
        || ' of ' || {{ as_text('field_readability.records') }} || ' records (at least '
        || '{{ (100 * var("least_readable_share")) | round | int }} % must have). '
        || coalesce(
            field_readability.null_feature || ' is null in snapshots of which this is '
            || 'so. ',
            'Ratings, offers or features that rest on it would be invented. '
        )
        || 'Deliver the records again in that form, then build again' as message
    from field_readability
    cross join last_day
    where field_readability.records >= {{ var('least_usual_records') }}

    union all

    select
        snapshot_date as checked_date,
        'days_missing' as check_name,
        {{ as_text('snapshot_date') }} as subject,
        cast(missing_record_days as double) as measured_value,
        0.0 as expected_value,
        'warning' as severity,
        true as is_beyond,
        'snapshot ' || {{ as_text('snapshot_date') }} || ' (' || role || '): '
        || {{ as_text('missing_record_days') }}
        || ' days of its windows have no record of a required event, so that its '
        || 'figures are lower than those of others' as message
    from snapshots
    where role <> 'skipped' and missing_record_days > 0

    union all

    select
        checked_date,
        'records_collapsed' as check_name,
        subject,
        cast(records as double) as measured_value,
        cast(usual_records as double) as expected_value,
        'error' as severity,
        records < {{ var('collapsed_share') }} * usual_records as is_beyond,
        subject || ': ' || {{ as_text('records') }} || ' records on '
        || {{ as_text('checked_date') }} || ', and '
        || {{ as_text('cast(floor(usual_records) as bigint)') }}
        || ' at the median of the '
        || '{{ var("drift_days") }} days before '
        || '(limit: {{ var("collapsed_share") }} of them)' as message
    from judged_volumes

    union all

    select
        checked_date,
        'records_jumped' as check_name,
        subject,
        cast(records as double) as measured_value,
        cast(usual_records as double) as expected_value,
        'warning' as severity,
        records > {{ var('volume_factor') }} * most_records
        or records * {{ var('volume_factor') }} < least_records as is_beyond,
        subject || ': ' || {{ as_text('records') }} || ' records on '
        || {{ as_text('checked_date') }} || ', and '
        || {{ as_text('least_records') }} || ' to ' || {{ as_text('most_records') }}
        || ' on each of the {{ var("drift_days") }} days before '
        || '(limit: a factor of {{ var("volume_factor") }} beyond them)' as message
    from judged_volumes

    union all

    select
        snapshot_date as checked_date,
        'churn_rate_moved' as check_name,
        'users' as subject,
        churn_rate as measured_value,
        earlier_churn_rate as expected_value,
        'warning' as severity,
        abs(churn_rate - earlier_churn_rate) > {{ var('churn_rate_difference') }}
            as is_beyond,
        'the churn rate is ' || {{ as_text('cast(churn_rate as decimal(18, 3))') }}
        || ' of the users of snapshot ' || {{ as_text('snapshot_date') }}
        || ', and was ' || {{ as_text('cast(earlier_churn_rate as decimal(18, 3))') }}
        || ' of those of ' || {{ as_text('earlier_snapshot_date') }}
        || ' (limit: a difference of {{ var("churn_rate_difference") }})' as message
    from churn_rates
    where earlier_churn_rate is not null

    union all

    select
        snapshot_date as checked_date,
        'feature_shifted' as check_name,
        feature as subject,
        population_stability_index as measured_value,
        0.0 as expected_value,
        'warning' as severity,
        population_stability_index > {{ var('stability_limit') }} as is_beyond,
        feature || ' has a population stability index of '
        || {{ as_text('cast(population_stability_index as decimal(18, 3))') }}
        || ' between the snapshots ' || {{ as_text('earlier_snapshot_date') }}
        || ' and ' || {{ as_text('snapshot_date') }}
        || ' (limit: {{ var("stability_limit") }})' as message
    from feature_shifts

),

final as (

    select
        check_name,
        subject,
        checked_date,
        measured_value,
        expected_value,
        severity,
        is_beyond,
        message
    from checks

)

select * from final
