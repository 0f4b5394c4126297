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
        case when part = '' then 'without a number' else part end as part_name,
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
        {{ joined_texts('part_dates.part_name', 'part_dates.part') }} as parts
    from part_dates
    inner join last_day on part_dates.last_date = last_day.event_date
    left join usual_parts
        on part_dates.event = usual_parts.event and part_dates.part = usual_parts.part
    where usual_parts.event is null
    group by part_dates.event

),

calendar_parts as (

    select
        delivery_calendar.event_date,
        delivery_calendar.event,
        delivery_calendar.part,
        part_dates.part_name,
        part_dates.last_date,
        not delivery_calendar.is_delivered
        and delivery_calendar.absence_reason is null as is_missing
    from last_day
    inner join delivery_calendar on last_day.event_date = delivery_calendar.event_date
    left join part_dates
        on
            delivery_calendar.event = part_dates.event
            and delivery_calendar.part = part_dates.part

),

final as (

    select
        calendar_parts.event_date,
        calendar_parts.event,
        {{ count_where('calendar_parts.is_missing') }} as missing_parts,
        nullif({{ joined_texts(
            'case when calendar_parts.is_missing then calendar_parts.part_name end',
            'calendar_parts.part'
        ) }}, '') as missing_part_names,
        -- the last day on which any of them came
        max(
            case when calendar_parts.is_missing then calendar_parts.last_date end
        ) as missing_since_date,
        max(new_parts.parts) as new_parts
    from calendar_parts
    left join new_parts on calendar_parts.event = new_parts.event
    group by calendar_parts.event_date, calendar_parts.event

)

select * from final
