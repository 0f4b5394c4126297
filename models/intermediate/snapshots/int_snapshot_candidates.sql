-- Every snapshot that was asked for, by default or by var `snapshot_dates`, its
-- windows, its role, and why it is skipped if it is. The last log date is the latest
-- that every required event has reached: beyond it a silent user may only be a user
-- whose file has not come. A day without a record of a required event is missing.
{%- set backtest_step = [var('backtest_step_days'), var('backtest_label_days')] | max %}
with log_days as (

    select * from {{ ref('int_log_days') }}

),

events as (

    select
        event,
        event in ('{{ var("required_events") | join("', '") }}') as is_required,
        min(event_date) as first_date,
        max(event_date) as last_date
    from log_days
    group by event

),

-- logs without any required event are those of another service: all of theirs count
counted_events as (

    select
        event,
        first_date,
        last_date
    from (
        select
            *,
            max(is_required) over () as has_required
        from events
    ) as judged_events
    where is_required or not has_required

),

log_span as (

    select
        min(first_date) as first_log_date,
        min(last_date) as last_log_date
    from counted_events

),

present_days as (

    select distinct log_days.event_date
    from log_days
    inner join counted_events on log_days.event = counted_events.event

),

requested as (

    {% if var('snapshot_dates') -%}
    {% for snapshot_date in var('snapshot_dates') %}
    select
        cast('{{ snapshot_date }}' as date) as snapshot_date,
        {{ var('label_window_days') }} as label_days
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {%- else -%}
    select
        last_log_date as snapshot_date,
        {{ var('label_window_days') }} as label_days
    from log_span

    union all

    select
        {{ add_days('last_log_date', -var('label_window_days')) }} as snapshot_date,
        {{ var('label_window_days') }} as label_days
    from log_span
    {%- for backtest in range(1, var('backtest_snapshots') + 1) %}

    union all

    select
        {{ add_days(
            'last_log_date', -(var('label_window_days') + backtest * backtest_step)
        ) }} as snapshot_date,
        {{ var('backtest_label_days') }} as label_days
    from log_span
    {%- endfor %}
    {%- endif %}

),

windows as (

    select
        requested.snapshot_date,
        {{ add_days('requested.snapshot_date', 1 - var('feature_window_days')) }}
            as feature_start_date,
        {{ add_days('requested.snapshot_date', 1) }} as label_start_date,
        {{ add_days('requested.snapshot_date', 'requested.label_days') }}
            as label_end_date,
        log_span.first_log_date,
        log_span.last_log_date
    from requested
    cross join log_span
    where requested.snapshot_date is not null and log_span.last_log_date is not null

),

window_days as (

    select
        windows.snapshot_date,
        {{ days_between('windows.feature_start_date', 'windows.label_start_date') }}
        - {{ count_where(
            'present_days.event_date <= windows.snapshot_date'
        ) }} as missing_feature_days,
        {{ days_between('windows.snapshot_date', 'windows.label_end_date') }}
        - {{ count_where(
            'present_days.event_date > windows.snapshot_date'
        ) }} as missing_label_days
    from windows
    left join present_days
        on
            present_days.event_date
            between windows.feature_start_date and windows.label_end_date
    group by
        windows.snapshot_date,
        windows.feature_start_date,
        windows.label_start_date,
        windows.label_end_date

),

judged as (

    select
        windows.*,
        window_days.missing_feature_days,
        windows.label_end_date <= windows.last_log_date as has_labels,
        case
            when windows.label_end_date <= windows.last_log_date
                then window_days.missing_label_days
            else 0
        end as missing_label_days,
        windows.feature_start_date >= windows.first_log_date
        and windows.snapshot_date <= windows.last_log_date as is_inside_logs
    from windows
    inner join window_days on windows.snapshot_date = window_days.snapshot_date

),

complete as (

    select
        *,
        missing_feature_days
        <= {{ var('largest_missing_day_share') }}
        * {{ days_between('feature_start_date', 'label_start_date') }}
        and missing_label_days
        <= {{ var('largest_missing_day_share') }}
        * {{ days_between('snapshot_date', 'label_end_date') }} as is_complete
    from judged

),

ranked as (

    select
        *,
        max(snapshot_date) filter (
            where is_inside_logs and is_complete and has_labels
        ) over () as latest_labelled_date,
        max(snapshot_date) filter (
            where is_inside_logs and is_complete and not has_labels
        ) over () as latest_unlabelled_date
    from complete

),

final as (

    select
        snapshot_date,
        feature_start_date,
        label_start_date,
        label_end_date,
        first_log_date,
        last_log_date,
        case
            when not is_inside_logs or not is_complete then 'skipped'
            when has_labels and snapshot_date = latest_labelled_date then 'training'
            when has_labels then 'backtest'
            when snapshot_date = latest_unlabelled_date then 'scoring'
            else 'skipped'
        end as role,
        case
            when snapshot_date > last_log_date
                then
                    'the last date that every required event has reached is '
                    || last_log_date
            when feature_start_date < first_log_date
                then
                    'the feature window starts on ' || feature_start_date
                    || ', before the first log date ' || first_log_date
            when not is_complete
                then
                    missing_feature_days || ' days of the feature window and '
                    || missing_label_days
                    || ' of the label window have no record of a required event'
            when not has_labels and snapshot_date < latest_unlabelled_date
                then 'without labels only the latest snapshot is scored'
        end as skip_reason,
        missing_feature_days + missing_label_days as missing_record_days,
        is_inside_logs and is_complete and has_labels as is_labelled
    from ranked

)

select * from final
