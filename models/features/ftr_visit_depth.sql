-- Family H, beyond the study. How deep were the visits? The idea: before users leave,
-- they open the player, play one song and go. Plays carry no time of day, so an active
-- day stands for a visit. A single-play day has exactly one play, a multi-play day two
-- or more: the words mean these numbers, so they are no vars.
with user_days as (

    select * from {{ ref('int_snapshot_user_days') }}

),

user_days_with_last_multi_play as (

    select
        *,
        max(event_date) filter (where plays >= 2) over (
            partition by snapshot_date, user_id
        ) as last_multi_play_date
    from user_days

),

summed as (

    select
        snapshot_date,
        user_id,
        max_by(plays, event_date) as plays_last_active_day,
        count(*) filter (where plays = 1) as single_play_days,
        count(*) filter (where plays >= 1) as play_days,
        percentile_cont(0.5) within group (
            order by plays asc
        ) filter (where plays >= 1) as median_plays_per_play_day,
        max(last_multi_play_date) as last_multi_play_date,
        count(*) filter (
            where last_multi_play_date is null or event_date > last_multi_play_date
        ) as active_days_since_multi_play_day
    from user_days_with_last_multi_play
    group by snapshot_date, user_id

),

final as (

    select
        snapshot_date,
        user_id,
        plays_last_active_day,
        single_play_days as single_play_days_30d,
        {{ ratio('single_play_days', 'play_days') }} as single_play_day_share,
        coalesce(median_plays_per_play_day, 0.0) as median_plays_per_play_day,
        {{ days_between('last_multi_play_date', 'snapshot_date') }}
            as days_since_last_multi_play_day,
        active_days_since_multi_play_day
    from summed

)

select * from final
