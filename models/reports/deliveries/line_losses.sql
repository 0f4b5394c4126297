-- How many lines of each event were rejected or repaired, on all days and on the last
-- one. A format that is read wrong shows here before it empties a mart.
with deliveries as (

    select * from {{ ref('rpt_deliveries') }}

),

rejected_lines as (

    select * from {{ ref('stg_player_logs__rejected_lines') }}

),

delivery_days as (

    select * from {{ ref('int_delivery_days') }}

),

last_days as (

    select
        deliveries.event,
        max(deliveries.event_date) as last_date
    from deliveries
    inner join delivery_days
        on
            deliveries.event_date = delivery_days.event_date
            and not delivery_days.is_outlying
    where deliveries.status = 'accepted'
    group by deliveries.event

),

periods as (

    select
        event,
        last_date,
        'all days' as period
    from last_days

    union all

    select
        event,
        last_date,
        'last day' as period
    from last_days

),

lines as (

    select
        periods.event,
        periods.period,
        periods.last_date,
        -- lines of forgotten users are left out on purpose
        sum(deliveries.lines - deliveries.rejected_forgotten) as lines,
        sum(deliveries.rejected_lines - deliveries.rejected_forgotten)
            as rejected_lines,
        sum(deliveries.repaired_lines) as repaired_lines
    from periods
    inner join deliveries
        on
            periods.event = deliveries.event
            and deliveries.status = 'accepted'
            and (
                periods.period = 'all days' or periods.last_date = deliveries.event_date
            )
    group by periods.event, periods.period, periods.last_date

),

reasons as (

    select
        periods.event,
        periods.period,
        rejected_lines.rejection_reason,
        row_number() over (
            partition by periods.event, periods.period
            order by count(*) desc, rejected_lines.rejection_reason asc
        ) as reason_rank
    from periods
    inner join rejected_lines
        on
            periods.event = rejected_lines.event
            and (
                periods.period = 'all days'
                or periods.last_date = rejected_lines.event_date
            )
    where rejected_lines.rejection_reason <> 'forgotten'
    group by periods.event, periods.period, rejected_lines.rejection_reason

),

main_reasons as (

    select * from reasons
    where reason_rank = 1

),

final as (

    select
        lines.event,
        lines.period,
        lines.last_date,
        cast(lines.lines as bigint) as lines,
        cast(lines.rejected_lines as bigint) as rejected_lines,
        cast(lines.repaired_lines as bigint) as repaired_lines,
        main_reasons.rejection_reason as main_rejection_reason
    from lines
    left join main_reasons
        on lines.event = main_reasons.event and lines.period = main_reasons.period

)

select * from final
