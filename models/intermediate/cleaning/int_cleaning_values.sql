-- How often each play time and each song length occurs among the plays that reach a
-- stage of cleaning and no further. Statistics of all stages follow from these few
-- rows, in a fixed order of addition.
with cleaning_plays as (

    select * from {{ ref('int_cleaning_plays') }}

),

final as (

    select
        snapshot_date,
        last_stage_number,
        'play_time' as field,
        play_seconds as seconds,
        count(*) as plays
    from cleaning_plays
    group by snapshot_date, last_stage_number, play_seconds

    union all

    select
        snapshot_date,
        last_stage_number,
        'song_length' as field,
        song_seconds as seconds,
        count(*) as plays
    from cleaning_plays
    group by snapshot_date, last_stage_number, song_seconds

)

select * from final
