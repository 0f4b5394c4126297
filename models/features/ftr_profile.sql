-- Family E. On what does the user listen, and for money? Facts of the user, so that
-- every record counts, also one whose play time is dirt.
with user_days as (

    select * from {{ ref('int_snapshot_user_days') }}

),

final as (

    select
        snapshot_date,
        user_id,
        sum(android_records) > sum(iphone_records) as is_android,
        sum(paid_records) > 0 as is_paying
    from user_days
    group by snapshot_date, user_id

)

select * from final
