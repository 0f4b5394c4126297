-- Second of the three scans: what each user of a snapshot played (cleaned) and
-- downloaded in its feature window, song by song. Local files are no songs: they share
-- one song_id.
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

-- a download has no play score
events as (

    select
        snapshot_date,
        user_id,
        event_date,
        song_id,
        {{ completion_band('completion') }} as play_score
    from cleaned_plays
    where {{ is_song('song_id') }}

    union all

    select
        snapshot_users.snapshot_date,
        downloads.user_id,
        downloads.event_date,
        downloads.song_id,
        null as play_score
    from downloads
    inner join snapshots
        on
            downloads.event_date
            between snapshots.feature_start_date and snapshots.snapshot_date
    inner join snapshot_users
        on
            downloads.user_id = snapshot_users.user_id
            and snapshots.snapshot_date = snapshot_users.snapshot_date
    where {{ is_song('downloads.song_id') }}

),

-- columns rather than filters: counting what is not null is cheap
placed as (

    select
        *,
        case when {{ is_weekend('event_date') }} then play_score end
            as weekend_play_score,
        case
            when {{ in_last_days('event_date', var('validation_days')) }}
                then play_score
        end as late_play_score,
        case
            when {{ in_last_days('event_date', var('validation_days')) }}
                then event_date
        end as late_date
    from events

),

counted as (

    select
        snapshot_date,
        user_id,
        song_id,
        count(*) as records,
        count(play_score) as plays,
        sum(play_score) as total_play_score,
        max(play_score) as best_play_score,
        count(weekend_play_score) as weekend_plays,
        count(late_date) as late_records,
        count(late_play_score) as late_plays,
        sum(late_play_score) as late_play_score
    from placed
    group by snapshot_date, user_id, song_id

),

final as (

    select
        snapshot_date,
        user_id,
        song_id,
        plays,
        coalesce(cast(total_play_score as bigint), 0) as total_play_score,
        coalesce(best_play_score, 0) as best_play_score,
        weekend_plays,
        records - plays as downloads,
        late_plays,
        coalesce(cast(late_play_score as bigint), 0) as late_play_score,
        late_records - late_plays as late_downloads
    from counted

)

select * from final
