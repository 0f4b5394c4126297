-- No song of a list has been heard or is disliked by the user, and none is outside of
-- the catalogue.
with recommendations as (

    select * from {{ ref('recommendations') }}

),

known_songs as (

    select
        snapshot_date,
        user_id,
        song_id
    from {{ ref('recommendation_examples') }}
    where split = 'serve'
    union all
    select
        snapshot_date,
        user_id,
        song_id
    from {{ ref('song_dislikes') }}

),

catalogue as (

    select * from {{ ref('recommendation_catalogue') }}
    where split = 'serve'

)

select
    recommendations.*,
    'known' as mistake
from recommendations
semi join known_songs
    on
        recommendations.snapshot_date = known_songs.snapshot_date
        and recommendations.user_id = known_songs.user_id
        and recommendations.song_id = known_songs.song_id
union all
select
    recommendations.*,
    'outside of the catalogue' as mistake
from recommendations
anti join catalogue
    on
        recommendations.snapshot_date = catalogue.snapshot_date
        and recommendations.song_id = catalogue.song_id
