-- Deliveries that usually come and did not.
with delivery_calendar as (

    select * from {{ ref('int_delivery_calendar') }}

),

final as (

    select
        event_date,
        event,
        part
    from delivery_calendar
    where not is_delivered and absence_reason is null

)

select * from final
