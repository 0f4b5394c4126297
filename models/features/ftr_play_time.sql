-- Family B. How long does the user listen, and is it getting less?
with user_days as (

    select * from {{ ref('int_snapshot_user_days') }}

),

summed as (

    select
        snapshot_date,
        user_id,
        sum(plays) as plays_30d,
        {{ exact_sum('play_seconds') }} as play_seconds_30d,
        {{ exact_sum(
            'case when ' ~ in_last_days('event_date', 7) ~ ' then play_seconds end'
        ) }} as play_seconds_7d
    from user_days
    group by snapshot_date, user_id

),

final as (

    select
        snapshot_date,
        user_id,
        play_seconds_30d,
        {{ ratio('play_seconds_7d', 'play_seconds_30d') }} as play_seconds_7d_over_30d,
        {{ ratio('play_seconds_30d', 'plays_30d') }} as play_seconds_per_play
    from summed

)

select * from final
