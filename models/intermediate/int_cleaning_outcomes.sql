-- What cleaning does to each play of a snapshot's users: which rule drops it, or with
-- which values it goes on. The rules stand in the order in which they are applied, each
-- looking at what the last one left.
{{ config(materialized='view') }}

with window_plays as (

    select * from {{ ref('int_window_plays') }}

),

cleaning_limits as (

    select * from {{ ref('int_cleaning_limits') }}

),

filled as (

    select
        window_plays.*,
        cleaning_limits.song_seconds_cap,
        cleaning_limits.play_seconds_cap,
        case
            when window_plays.song_seconds > 0 then window_plays.song_seconds
            when window_plays.song_seconds <= 0 then cleaning_limits.song_seconds_mean
        end as filled_song_seconds,
        case
            when {{ is_valid_play_time('window_plays.play_seconds') }}
                then window_plays.play_seconds
            else cleaning_limits.play_seconds_mean
        end as filled_play_seconds
    from window_plays
    inner join cleaning_limits
        on window_plays.snapshot_date = cleaning_limits.snapshot_date

),

final as (

    select
        snapshot_date,
        user_id,
        event_date,
        song_id,
        singer,
        play_seconds,
        song_seconds,
        filled_play_seconds,
        filled_song_seconds,
        case
            when song_seconds is null then 'song_length_missing'
            when song_seconds > song_seconds_cap then 'song_length_above_cap'
            -- there is no valid value to take a mean of
            when filled_song_seconds is null then 'song_length_not_fillable'
            when play_seconds > play_seconds_cap then 'play_time_above_cap'
            when filled_play_seconds is null then 'play_time_not_fillable'
        end as drop_reason
    from filled

)

select * from final
