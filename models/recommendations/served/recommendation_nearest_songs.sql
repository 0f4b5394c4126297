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

known as (

    select
        ratings.snapshot_date,
        ratings.user_id,
        ratings.song_id,
        ratings.rating,
        case
            when ratings.is_liked then 'like'
            when ratings.downloads > 0 then 'downloaded'
            when
                ratings.plays > 0 and ratings.play_score >= {{ var('liked_rating') }}
                then 'finished'
            else 'listened to'
        end as verb
    from user_song_ratings as ratings
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

),

-- One row per song: neighbours are then looked up among the user's songs as they come.
-- Joined as rows, all pairs of a recommended song and a song of its user are kept
-- first, hundreds of millions for many users, which can fill a disk.
neighborhoods as (

    select
        snapshot_date,
        song_id,
        {{ record_list({'song_id': 'neighbor_song_id', 'similarity': 'similarity'}) }}
            as neighbors
    from song_neighbors
    group by snapshot_date, song_id

),

neighbors as (

    select
        recommended.*,
        {{ list_items('neighborhoods.neighbors') }} as neighbor
    from recommended
    inner join neighborhoods
        on
            recommended.snapshot_date = neighborhoods.snapshot_date
            and recommended.song_id = neighborhoods.song_id

),

near as (

    select
        neighbors.snapshot_date,
        neighbors.user_id,
        neighbors.song_id,
        known.song_id as near_song_id,
        known.verb,
        row_number() over (
            partition by neighbors.snapshot_date, neighbors.user_id, neighbors.song_id
            order by
                neighbors.neighbor.similarity * known.rating desc,
                known.rating desc,
                known.song_id asc
        ) as near_rank
    from neighbors
    inner join known
        on
            neighbors.snapshot_date = known.snapshot_date
            and neighbors.user_id = known.user_id
            and neighbors.neighbor.song_id = known.song_id
    qualify near_rank = 1

),

final as (

    select
        near.snapshot_date,
        near.user_id,
        near.song_id,
        near.near_song_id,
        songs.song_name as near_song_name,
        songs.singer as near_singer,
        near.verb
    from near
    inner join songs
        on
            near.snapshot_date = songs.snapshot_date
            and near.near_song_id = songs.song_id

)

select * from final
