-- Songs that are never recommended to a user again: they said so, or they skipped them
-- again and again.
with rated_songs as (

    select * from {{ ref('rated_songs') }}

),

feedback as (

    select * from {{ ref('known_song_feedback') }}

),

final as (

    select
        snapshot_date,
        user_id,
        song_id,
        'feedback' as reason
    from feedback
    where feedback = 'dislike'

    union all

    select
        snapshot_date,
        user_id,
        song_id,
        'skipped' as reason
    from rated_songs
    where is_skipped

)

select * from final
