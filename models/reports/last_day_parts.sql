-- The last day of the logs, by event: usual parts that did not come, parts that are not
-- usual, and whether the day is whole all the same.
with delivery_calendar as (

    select * from {{ ref('int_delivery_calendar') }}

),

deliveries as (

    select * from {{ ref('rpt_deliveries') }}
    where status = 'accepted'

),

last_day as (

    select max(event_date) as event_date
    from delivery_calendar

),

part_dates as (

    select
        event,
        part,
        max(event_date) as last_date
    from deliveries
    where event_date <= (select last_day.event_date from last_day)
    group by event, part

),

usual_parts as (

    select distinct
        event,
        part
    from delivery_calendar

),

new_parts as (

    select
        part_dates.event,
        {{ joined_texts('part_dates.part', 'part_dates.part') }} as parts
    from part_dates
    inner join last_day on part_dates.last_date = last_day.event_date
    left join usual_parts
        on part_dates.event = usual_parts.event and part_dates.part = usual_parts.part
    where usual_parts.event is null
    group by part_dates.event

),

final as (

    select
        last_day.event_date,
        delivery_calendar.event,
        {{ count_where(
            'not delivery_calendar.is_delivered'
            ~ ' and delivery_calendar.absence_reason is null'
        ) }} as missing_parts,
        -- the last day on which any of them came
        max(
            case when not delivery_calendar.is_delivered then part_dates.last_date end
        ) as missing_since_date,
        max(new_parts.parts) as new_parts
    from last_day
    inner join delivery_calendar on last_day.event_date = delivery_calendar.event_date
    left join part_dates
        on
            delivery_calendar.event = part_dates.event
            and delivery_calendar.part = part_dates.part
    left join new_parts on delivery_calendar.event = new_parts.event
    group by last_day.event_date, delivery_calendar.event

)

select * from final
