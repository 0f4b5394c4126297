-- The calendar of the logs: which events have records on which day. Outlying days are
-- left out: one of them would move the end of the logs by decades.
with delivery_counts as (

    select * from {{ ref('stg_player_logs__delivery_counts') }}

),

delivery_days as (

    select * from {{ ref('int_delivery_days') }}

),

final as (

    select
        delivery_counts.event,
        delivery_counts.event_date,
        cast(sum(delivery_counts.records) as bigint) as records
    from delivery_counts
    inner join delivery_days
        on delivery_counts.event_date = delivery_days.event_date
    where delivery_counts.records > 0 and not delivery_days.is_outlying
    group by delivery_counts.event, delivery_counts.event_date

)

select * from final
