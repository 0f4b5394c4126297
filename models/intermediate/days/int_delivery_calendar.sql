-- Which deliveries a day should have had. A part is usual for an event if it came on
-- more than half of the days with a delivery. The seed expected_absences says which of
-- them are known not to come.
with deliveries as (

    select distinct
        deliveries.event,
        deliveries.part,
        deliveries.event_date
    from {{ ref('stg_player_logs__deliveries') }} as deliveries
    inner join {{ ref('int_delivery_days') }} as delivery_days
        on deliveries.event_date = delivery_days.event_date
    where deliveries.status = 'accepted' and not delivery_days.is_outlying

),

expected_absences as (

    select * from {{ ref('expected_absences') }}

),

days as (

    select
        {{ series_of_dates('min(event_date)', 'max(event_date)') }} as event_date
    from deliveries

),

usual_parts as (

    {{ usual_parts('deliveries') }}

),

expected as (

    select
        days.event_date,
        usual_parts.event,
        usual_parts.part,
        {{ delivery_name('days.event_date', 'usual_parts.part', 'usual_parts.event') }}
            as delivery
    from days
    cross join usual_parts

),

absences as (

    select
        expected.delivery,
        min(expected_absences.reason) as reason
    from expected
    inner join expected_absences
        on {{ is_expected_absence('expected.delivery', 'expected.event_date') }}
    group by expected.delivery

),

final as (

    select
        expected.event_date,
        expected.event,
        expected.part,
        deliveries.event is not null as is_delivered,
        case when deliveries.event is null then absences.reason end as absence_reason
    from expected
    left join deliveries
        on
            expected.event_date = deliveries.event_date
            and expected.event = deliveries.event
            and expected.part = deliveries.part
    left join absences on expected.delivery = absences.delivery

)

select * from final
