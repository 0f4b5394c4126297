-- Every snapshot that was asked for, by default or by var `snapshot_dates`, its
-- windows, its role, and why it is skipped if it is. The last log date is the latest
-- that every event has reached: beyond it a silent user may only be a user whose file
-- has not come.
{%- set backtest_step = [var('backtest_step_days'), var('backtest_label_days')] | max %}
with log_days as (

    select * from {{ ref('int_log_days') }}

),

events as (

    select
        event,
        min(event_date) as first_date,
        max(event_date) as last_date
    from log_days
    group by event

),

log_span as (

    select
        min(first_date) as first_log_date,
        min(last_date) as last_log_date
    from events

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

judged as (

    select
        *,
        feature_start_date >= first_log_date
        and snapshot_date <= last_log_date as is_inside_logs,
        label_end_date <= last_log_date as has_labels
    from windows

),

ranked as (

    select
        *,
        max(snapshot_date) filter (where is_inside_logs and has_labels) over ()
            as latest_labelled_date,
        max(snapshot_date) filter (where is_inside_logs and not has_labels) over ()
            as latest_unlabelled_date
    from judged

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
            when not is_inside_logs then 'skipped'
            when has_labels and snapshot_date = latest_labelled_date then 'training'
            when has_labels then 'backtest'
            when snapshot_date = latest_unlabelled_date then 'scoring'
            else 'skipped'
        end as role,
        case
            when snapshot_date > last_log_date
                then 'the last date that every event has reached is ' || last_log_date
            when feature_start_date < first_log_date
                then
                    'the feature window starts on ' || feature_start_date
                    || ', before the first log date ' || first_log_date
            when not has_labels and snapshot_date < latest_unlabelled_date
                then 'without labels only the latest snapshot is scored'
        end as skip_reason,
        is_inside_logs and has_labels as is_labelled
    from ranked

)

select * from final
