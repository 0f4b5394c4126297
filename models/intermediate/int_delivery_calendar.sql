-- Which deliveries a day should have had. A part is usual for an event if it came on
-- more than half of the days between the first and the last delivery.
with deliveries as (

    select distinct
        event,
        part,
        event_date
    from {{ ref('stg_player_logs__deliveries') }}
    where status = 'accepted'

),

days as (

    select
        {{ series_of_dates('min(event_date)', 'max(event_date)') }} as event_date
    from deliveries

),

usual_parts as (

    {{ usual_parts('deliveries') }}

),

final as (

    select
        days.event_date,
        usual_parts.event,
        usual_parts.part,
        deliveries.event is not null as is_delivered
    from days
    cross join usual_parts
    left join deliveries
        on
            days.event_date = deliveries.event_date
            and usual_parts.event = deliveries.event
            and usual_parts.part = deliveries.part

)

select * from final
