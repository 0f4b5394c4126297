-- What the users of the training snapshot listen to afterwards, song by song: what
-- recommenders are judged by, and nothing that any of them may learn from. Plays are
-- cleaned by the limits of the feature window, which know nothing of the future.
with plays as (

    select * from {{ ref('stg_player_logs__plays') }}

),

downloads as (

    select * from {{ ref('stg_player_logs__downloads') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

),

snapshot_users as (

    select * from {{ ref('int_snapshot_users') }}

),

cleaning_limits as (

    select * from {{ ref('int_cleaning_limits') }}

),

training_users as (

    select
        snapshots.snapshot_date,
        snapshots.label_start_date,
        snapshots.label_end_date,
        snapshot_users.user_id
    from snapshots
    inner join snapshot_users on snapshots.snapshot_date = snapshot_users.snapshot_date
    where snapshots.role = 'training'

),

label_plays as (

    select
        training_users.snapshot_date,
        training_users.user_id,
        plays.event_date,
        plays.song_id,
        plays.singer,
        plays.play_seconds,
        plays.song_seconds
    from plays
    inner join training_users
        on
            plays.user_id = training_users.user_id
            and plays.event_date
            between training_users.label_start_date and training_users.label_end_date
    where {{ is_song('plays.song_id') }}

),

outcomes as (

    {{ cleaning_outcomes('label_plays', 'cleaning_limits') }}

),

events as (

    select
        snapshot_date,
        user_id,
        song_id,
        1 as plays,
        {{ completion_band('filled_play_seconds / filled_song_seconds') }}
            as play_score,
        0 as downloads
    from outcomes
    where drop_reason is null

    union all

    select
        training_users.snapshot_date,
        training_users.user_id,
        downloads.song_id,
        0 as plays,
        0 as play_score,
        1 as downloads
    from downloads
    inner join training_users
        on
            downloads.user_id = training_users.user_id
            and downloads.event_date
            between training_users.label_start_date and training_users.label_end_date
    where {{ is_song('downloads.song_id') }}

),

final as (

    select
        snapshot_date,
        user_id,
        song_id,
        cast(sum(plays) as bigint) as plays,
        cast(sum(play_score) as bigint) as total_play_score,
        cast(sum(downloads) as bigint) as downloads
    from events
    group by snapshot_date, user_id, song_id

)

select * from final
