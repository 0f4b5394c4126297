-- What songs are called in the feature window: name and singer as they stand together
-- most often, in plays and downloads. Logs spell one song in many ways.
with plays as (

    select * from {{ ref('stg_player_logs__plays') }}

),

downloads as (

    select * from {{ ref('stg_player_logs__downloads') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

),

records as (

    select
        event_date,
        song_id,
        song_name,
        singer
    from plays

    union all

    select
        event_date,
        song_id,
        song_name,
        singer
    from downloads

),

-- a day belongs to several snapshots; its records are counted once
daily_names as (

    select
        event_date,
        song_id,
        song_name,
        singer,
        count(*) as records
    from records
    where {{ is_song('song_id') }}
    group by event_date, song_id, song_name, singer

),

window_names as (

    select
        snapshots.snapshot_date,
        daily_names.song_id,
        daily_names.song_name,
        daily_names.singer,
        sum(daily_names.records) as records
    from daily_names
    inner join snapshots
        on
            daily_names.event_date
            between snapshots.feature_start_date and snapshots.snapshot_date
    group by
        snapshots.snapshot_date,
        daily_names.song_id,
        daily_names.song_name,
        daily_names.singer

),

ranked as (

    select
        *,
        row_number() over (
            partition by snapshot_date, song_id
            order by
                records desc,
                song_name asc nulls last,
                singer asc nulls last
        ) as name_rank
    from window_names

),

final as (

    select
        snapshot_date,
        song_id,
        song_name,
        singer
    from ranked
    where name_rank = 1

)

select * from final
