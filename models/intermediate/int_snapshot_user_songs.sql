-- Second of the two scans: what each user of a snapshot played (cleaned) and downloaded
-- in its feature window, song by song. The singer is part of the grain because local
-- files share one song_id.
with cleaned_plays as (

    select * from {{ ref('int_cleaned_plays') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

),

snapshot_users as (

    select * from {{ ref('int_snapshot_users') }}

),

downloads as (

    select * from {{ ref('stg_player_logs__downloads') }}

),

events as (

    select
        snapshot_date,
        user_id,
        event_date,
        song_id,
        singer,
        1 as plays,
        {{ completion_band('completion') }} as play_score,
        0 as downloads
    from cleaned_plays

    union all

    select
        snapshot_users.snapshot_date,
        downloads.user_id,
        downloads.event_date,
        downloads.song_id,
        downloads.singer,
        0 as plays,
        0 as play_score,
        1 as downloads
    from downloads
    inner join snapshots
        on
            downloads.event_date
            between snapshots.feature_start_date and snapshots.snapshot_date
    inner join snapshot_users
        on
            downloads.user_id = snapshot_users.user_id
            and snapshots.snapshot_date = snapshot_users.snapshot_date

),

final as (

    select
        snapshot_date,
        user_id,
        song_id,
        singer,
        cast(sum(plays) as bigint) as plays,
        cast(sum(play_score) as bigint) as total_play_score,
        max(play_score) as best_play_score,
        coalesce(
            cast(sum(plays) filter (where {{ is_weekend('event_date') }}) as bigint), 0
        ) as weekend_plays,
        cast(sum(downloads) as bigint) as downloads,
        {{ sum_last_days('plays', var('validation_days')) }} as late_plays,
        {{ sum_last_days('play_score', var('validation_days')) }} as late_play_score,
        {{ sum_last_days('downloads', var('validation_days')) }} as late_downloads
    from events
    group by snapshot_date, user_id, song_id, singer

)

select * from final
