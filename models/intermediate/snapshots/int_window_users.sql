-- Who did anything in the feature window of a snapshot, and how many records that
-- makes.
with snapshots as (

    select * from {{ ref('int_snapshots') }}

),

user_days as (

    select * from {{ ref('int_user_days') }}

),

final as (

    select
        snapshots.snapshot_date,
        user_days.user_id,
        cast(sum(user_days.records) as bigint) as records,
        cast(max(user_days.records) as bigint) as busiest_day_records
    from snapshots
    inner join user_days
        on
            user_days.event_date
            between snapshots.feature_start_date and snapshots.snapshot_date
    group by snapshots.snapshot_date, user_days.user_id

)

select * from final
