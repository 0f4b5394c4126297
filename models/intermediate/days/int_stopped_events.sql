-- Events that came for some time and have stopped, while the logs go on.
with log_days as (

    select * from {{ ref('int_log_days') }}

),

events as (

    select
        event,
        count(*) as days,
        max(event_date) as last_date,
        max(max(event_date)) over () as last_log_date
    from log_days
    group by event

),

final as (

    select
        event,
        last_date
    from events
    where
        days >= {{ var('stopped_event_days') }}
        and {{ add_days('last_date', var('stopped_event_days')) }} < last_log_date

)

select * from final
