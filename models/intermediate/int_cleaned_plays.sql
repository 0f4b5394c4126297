-- The plays of each snapshot, cleaned. What is missing or impossible and stays is filled with the snapshot's
-- mean; what is above a cap is dropped, and so is a play without a length in the log.
{{ config(materialized='view') }}

with window_plays as (

    select * from {{ ref('int_window_plays') }}

),

cleaning_limits as (

    select * from {{ ref('int_cleaning_limits') }}

),

filled as (

    select
        window_plays.snapshot_date,
        window_plays.user_id,
        window_plays.event_date,
        window_plays.song_id,
        window_plays.singer,
        case
            when {{ is_valid_play_time('window_plays.play_seconds') }}
                then window_plays.play_seconds
            else cleaning_limits.play_seconds_mean
        end as play_seconds,
        case
            when window_plays.song_seconds > 0 then window_plays.song_seconds
            else cleaning_limits.song_seconds_mean
        end as song_seconds
    from window_plays
    inner join cleaning_limits
        on
            window_plays.snapshot_date = cleaning_limits.snapshot_date
            and window_plays.song_seconds <= cleaning_limits.song_seconds_cap
    where
        not coalesce(window_plays.play_seconds > cleaning_limits.play_seconds_cap, false)

),

final as (

    select
        *,
        play_seconds / song_seconds as completion
    from filled
    -- without any valid value there is no mean to fill in
    where play_seconds is not null and song_seconds is not null

)

select * from final
