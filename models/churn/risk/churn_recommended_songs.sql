-- The songs that a letter to a user may name: their first recommendations, by name
-- and singer. A song without a name is called by its number, so that it can be found.
with recommendations as (

    select * from {{ ref('recommendations') }}

),

titled as (

    select
        snapshot_date,
        user_id,
        rank,
        {{ song_title('song_name', 'singer', "'song ' || song_id") }} as title
    from recommendations
    where context = 'any'

),

final as (

    select
        snapshot_date,
        user_id,
        max(title) filter (where rank = 1) as recommended_song_1,
        max(title) filter (where rank = 2) as recommended_song_2,
        max(title) filter (where rank = 3) as recommended_song_3
    from titled
    group by snapshot_date, user_id

)

select * from final
