-- How much each user likes each song that they played, downloaded or said they like:
-- the input of every recommender.
with rated_songs as (

    select * from {{ ref('rated_songs') }}

),

final as (

    select
        snapshot_date,
        user_id,
        song_id,
        plays,
        downloads,
        play_score,
        download_score,
        is_liked,
        rating
    from rated_songs

)

select * from final
