-- A table of two by two per song and stratum: who heard it, who churned. A stratum is
-- users with the same last active day and about as many songs. A comparison across
-- strata would mislead: the last days of churned users lie earlier, when other songs
-- were played, and hold fewer songs.
with listeners as (

    select * from {{ ref('songs_before_churn_listeners') }}

),

strata as (

    select
        snapshot_date,
        last_active_date,
        song_count_band,
        count(distinct user_id) as users,
        count(distinct case when is_churned then user_id end) as churned_users
    from listeners
    group by snapshot_date, last_active_date, song_count_band

),

songs as (

    select
        snapshot_date,
        song_id,
        last_active_date,
        song_count_band,
        count(*) as listeners,
        count(case when is_churned then user_id end) as churned_listeners
    from listeners
    group by snapshot_date, song_id, last_active_date, song_count_band

),

final as (

    select
        songs.snapshot_date,
        songs.song_id,
        songs.last_active_date,
        songs.song_count_band,
        strata.users,
        strata.churned_users,
        songs.listeners,
        songs.churned_listeners
    from songs
    inner join strata
        on
            songs.snapshot_date = strata.snapshot_date
            and songs.last_active_date = strata.last_active_date
            and songs.song_count_band = strata.song_count_band

)

select * from final
