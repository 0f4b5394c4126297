-- Who was gone: a user of a labelled snapshot without any record in the days after it.
with snapshots as (

    select * from {{ ref('int_snapshots') }}

),

snapshot_users as (

    select * from {{ ref('int_snapshot_users') }}

),

user_days as (

    select * from {{ ref('int_user_days') }}

),

label_window_records as (

    select
        snapshots.snapshot_date,
        user_days.user_id,
        sum(user_days.records) as records
    from snapshots
    inner join user_days
        on
            user_days.event_date
            between snapshots.label_start_date and snapshots.label_end_date
    where snapshots.is_labelled
    group by snapshots.snapshot_date, user_days.user_id

),

final as (

    select
        snapshot_users.snapshot_date,
        snapshot_users.user_id,
        cast(coalesce(label_window_records.records, 0) as bigint)
            as label_window_records,
        label_window_records.records is null as is_churned
    from snapshot_users
    inner join snapshots on snapshot_users.snapshot_date = snapshots.snapshot_date
    left join label_window_records
        on
            snapshot_users.snapshot_date = label_window_records.snapshot_date
            and snapshot_users.user_id = label_window_records.user_id
    where snapshots.is_labelled

)

select * from final
