-- The number of records beyond which a user of a snapshot is a bot; null where the rule
-- rests, because so few users are left that it would always remove the heaviest
-- listener.
with window_users as (

    select * from {{ ref('int_window_users') }}

),

final as (

    select
        snapshot_date,
        count(*) as users,
        case
            when count(*) >= {{ var('bot_rule_min_users') }}
                then
                    percentile_cont({{ var('bot_percentile') }}) within group (
                        order by cast(records as double)
                    )
        end as threshold_records
    from window_users
    -- the anonymous user is many people
    where user_id <> 0
    group by snapshot_date

)

select * from final
