-- What every user did on every day: daily active users and plays per user stand on it.
-- Bots are in it, since who is a bot depends on a snapshot; the anonymous user is not,
-- being many people.
with user_days as (

    select * from {{ ref('int_user_days') }}

),

final as (

    select
        user_id,
        event_date as activity_date,
        plays,
        completed_plays,
        play_seconds,
        downloads,
        searches
    from user_days
    where user_id <> 0

)

select * from final
