-- Family E. On what does the user listen, and for money? Facts of the user, so that
-- every record counts, also one whose play time is dirt.
with user_days as (

    select * from {{ ref('int_snapshot_user_days') }}

),

profiles as (

    select
        snapshot_date,
        user_id,
        sum(android_records) > sum(iphone_records) as is_android,
        sum(paid_records) > 0 as is_paying
    from user_days
    group by snapshot_date, user_id

),

-- where hardly a device can be read, a user's device is unknown, and not an iPhone
devices as (

    select
        snapshot_date,
        sum(android_records + iphone_records)
        >= {{ var('least_readable_share') }} * sum(records) as are_readable
    from user_days
    group by snapshot_date

),

final as (

    select
        profiles.snapshot_date,
        profiles.user_id,
        case when devices.are_readable then profiles.is_android end as is_android,
        profiles.is_paying
    from profiles
    inner join devices on profiles.snapshot_date = devices.snapshot_date

)

select * from final
