-- The spine: the users of each snapshot. Every mart has one row for each row of it.
with window_users as (

    select * from {{ ref('int_window_users') }}

),

excluded_users as (

    select * from {{ ref('int_excluded_users') }}

),

final as (

    select
        window_users.snapshot_date,
        window_users.user_id
    from window_users
    left join excluded_users
        on
            window_users.snapshot_date = excluded_users.snapshot_date
            and window_users.user_id = excluded_users.user_id
    where
        excluded_users.user_id is null
        and {{ hash_fraction('window_users.user_id', 'sample') }}
        < {{ var('user_sample_fraction') }}

)

select * from final
