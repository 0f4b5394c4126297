-- The catalogue from which is served is what the public table of songs says it is.
with catalogue as (

    select
        snapshot_date,
        song_id,
        plays,
        listeners
    from {{ ref('recommendation_catalogue') }}
    where split = 'serve'

),

recommendable as (

    select
        songs.snapshot_date,
        songs.song_id,
        songs.plays,
        songs.listeners
    from {{ ref('songs') }} as songs
    inner join {{ ref('recommendation_splits') }} as splits
        on songs.snapshot_date = splits.snapshot_date and splits.split = 'serve'
    where songs.is_recommendable

)

(
    select * from catalogue
    except all
    select * from recommendable
)
union all
(
    select * from recommendable
    except all
    select * from catalogue
)
