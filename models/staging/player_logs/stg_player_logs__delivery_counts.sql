-- What became of the lines of each accepted delivery. Lines of a regular shape that are
-- not staged are those without a valid uid: nothing else removes a record.
with deliveries as (

    select * from {{ ref('stg_player_logs__deliveries') }}

),

staged as (

    select
        delivery_id,
        count(*) as records,
        {{ count_where('is_play_time_repaired') }} as repaired_play_times
    from {{ ref('stg_player_logs__plays') }}
    group by delivery_id

    union all

    select
        delivery_id,
        count(*) as records,
        0 as repaired_play_times
    from {{ ref('stg_player_logs__downloads') }}
    group by delivery_id

    union all

    select
        delivery_id,
        count(*) as records,
        0 as repaired_play_times
    from {{ ref('stg_player_logs__searches') }}
    group by delivery_id

),

irregular as (

    select
        delivery_id,
        count(*) as lines,
        count(record_text) as repaired_records,
        count(*) filter (where rejection_reason is null) as repaired_lines,
        count(*) filter (where rejection_reason is not null) as rejected_lines
    from {{ ref('stg_player_logs__irregular_lines') }}
    group by delivery_id

),

final as (

    select
        deliveries.delivery_id,
        deliveries.event,
        deliveries.event_date,
        deliveries.lines,
        coalesce(staged.records, 0) as records,
        coalesce(staged.records, 0)
        - coalesce(irregular.repaired_records, 0) as accepted_lines,
        coalesce(irregular.repaired_lines, 0) as repaired_lines,
        cast(coalesce(staged.repaired_play_times, 0) as bigint) as repaired_play_times,
        coalesce(irregular.rejected_lines, 0) as rejected_irregular_lines,
        deliveries.lines
        - coalesce(irregular.lines, 0)
        - (coalesce(staged.records, 0) - coalesce(irregular.repaired_records, 0))
            as regular_lines_not_staged
    from deliveries
    left join staged on deliveries.delivery_id = staged.delivery_id
    left join irregular on deliveries.delivery_id = irregular.delivery_id
    where deliveries.status = 'accepted'

)

select * from final
