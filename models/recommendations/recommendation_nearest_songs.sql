-- What a recommended song is like: of the songs that the user has rated, the one that
-- says most for it. A song that nobody could name, or that the user dislikes, explains
-- nothing.
with recommendation_ranks as (

    select * from {{ ref('recommendation_ranks') }}

),

song_neighbors as (

    select * from {{ ref('song_neighbors') }}

),

user_song_ratings as (

    select * from {{ ref('user_song_ratings') }}

),

songs as (

    select * from {{ ref('songs') }}

),

song_dislikes as (

    select * from {{ ref('song_dislikes') }}

),

recommended as (

    select distinct
        snapshot_date,
        user_id,
        song_id
    from recommendation_ranks
    where policy <> 'popularity'

),

near as (

    select
        recommended.*,
        ratings.song_id as near_song_id,
        ratings.plays,
        ratings.downloads,
        ratings.play_score,
        ratings.is_liked,
        row_number() over (
            partition by
                recommended.snapshot_date, recommended.user_id, recommended.song_id
            order by
                song_neighbors.similarity * ratings.rating desc,
                ratings.rating desc,
                ratings.song_id asc
        ) as near_rank,
        songs.song_name as near_song_name,
        songs.singer as near_singer
    from recommended
    inner join song_neighbors
        on
            recommended.snapshot_date = song_neighbors.snapshot_date
            and recommended.song_id = song_neighbors.song_id
    inner join user_song_ratings as ratings
        on
            recommended.snapshot_date = ratings.snapshot_date
            and recommended.user_id = ratings.user_id
            and song_neighbors.neighbor_song_id = ratings.song_id
    inner join songs
        on
            ratings.snapshot_date = songs.snapshot_date
            and ratings.song_id = songs.song_id
    anti join song_dislikes
        on
            ratings.snapshot_date = song_dislikes.snapshot_date
            and ratings.user_id = song_dislikes.user_id
            and ratings.song_id = song_dislikes.song_id
    where coalesce(songs.song_name, songs.singer) is not null
    qualify near_rank = 1

),

final as (

    select
        snapshot_date,
        user_id,
        song_id,
        near_song_id,
        near_song_name,
        near_singer,
        case
            when is_liked then 'like'
            when downloads > 0 then 'downloaded'
            when plays > 0 and play_score >= {{ var('liked_rating') }} then 'finished'
            else 'listened to'
        end as verb
    from near

)

select * from final
