-- The calendar of the logs: which events have records on which day.
with delivery_counts as (

    select * from {{ ref('stg_player_logs__delivery_counts') }}

),

final as (

    select
        event,
        event_date,
        cast(sum(records) as bigint) as records
    from delivery_counts
    where records > 0
    group by event, event_date

)

select * from final
