-- The songs of each snapshot, how popular they are, and which of them may be
-- recommended.
with ratings as (

    select * from {{ ref('user_song_ratings') }}

),

song_names as (

    select * from {{ ref('int_song_names') }}

),

popularity as (

    select
        snapshot_date,
        song_id,
        cast(sum(plays) as bigint) as plays,
        count(*) as listeners
    from ratings
    group by snapshot_date, song_id

),

final as (

    select
        popularity.snapshot_date,
        popularity.song_id,
        song_names.song_name,
        song_names.singer,
        popularity.plays,
        popularity.listeners,
        cast(
            row_number() over (
                partition by popularity.snapshot_date
                order by
                    popularity.plays desc,
                    popularity.listeners desc,
                    popularity.song_id asc
            ) as bigint
        ) as popularity_rank,
        row_number() over (
            partition by popularity.snapshot_date
            order by
                popularity.listeners desc, popularity.plays desc, popularity.song_id asc
        ) <= {{ var('catalogue_size') }} as is_recommendable
    from popularity
    left join song_names
        on
            popularity.snapshot_date = song_names.snapshot_date
            and popularity.song_id = song_names.song_id

)

select * from final
