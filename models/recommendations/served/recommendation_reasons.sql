-- Why a song is recommended, in words that can be shown beside it: the user's own song
-- that it is like, else a singer whom the user listens to, else who else plays it.
with recommendation_ranks as (

    select * from {{ ref('recommendation_ranks') }}

),

nearest_songs as (

    select * from {{ ref('recommendation_nearest_songs') }}

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
        ranks.snapshot_date,
        ranks.user_id,
        ranks.song_id,
        ranks.policy,
        songs.singer
    from recommendation_ranks as ranks
    inner join songs
        on
            ranks.snapshot_date = songs.snapshot_date
            and ranks.song_id = songs.song_id

),

user_singers as (

    select distinct
        ratings.snapshot_date,
        ratings.user_id,
        songs.singer
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
    where songs.singer is not null

),

final as (

    select
        recommended.snapshot_date,
        recommended.user_id,
        recommended.song_id,
        case
            when recommended.policy = 'popularity' then 'many listeners play it'
            when nearest_songs.near_song_id is not null
                then
                    'because you ' || nearest_songs.verb || ' '
                    || {{ song_title(
                        'nearest_songs.near_song_name', 'nearest_songs.near_singer',
                        "'a song'"
                    ) }}
            when user_singers.singer is not null
                then 'because you listen to ' || user_singers.singer
            else 'listeners like you play it'
        end as reason
    from recommended
    left join nearest_songs
        on
            recommended.snapshot_date = nearest_songs.snapshot_date
            and recommended.user_id = nearest_songs.user_id
            and recommended.song_id = nearest_songs.song_id
    left join user_singers
        on
            recommended.snapshot_date = user_singers.snapshot_date
            and recommended.user_id = user_singers.user_id
            and recommended.singer = user_singers.singer

)

select * from final
