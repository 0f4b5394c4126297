-- The plays of each snapshot that features and ratings read.
{{ config(materialized='view') }}

with cleaning_outcomes as (

    select * from {{ ref('int_cleaning_outcomes') }}

),

final as (

    select
        snapshot_date,
        user_id,
        event_date,
        song_id,
        singer,
        filled_play_seconds as play_seconds,
        filled_song_seconds as song_seconds,
        filled_play_seconds / filled_song_seconds as completion
    from cleaning_outcomes
    where drop_reason is null

)

select * from final
