-- The days of the logs, with those on which nothing was logged: the time spine of the
-- metrics. It ends where the logs end, so that it depends on them alone.
with log_days as (

    select * from {{ ref('int_log_days') }}

),

final as (

    select
        {{ series_of_dates('min(event_date)', 'max(event_date)') }} as calendar_date
    from log_days

)

select * from final
