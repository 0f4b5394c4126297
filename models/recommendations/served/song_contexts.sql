-- When a song is heard, against when songs are heard at all. Days are all that plays
-- tell apart. A few plays at the usual times are added to each song's own: two plays on
-- a Sunday do not make a song for weekends.
with recommendation_catalogue as (

    select * from {{ ref('recommendation_catalogue') }}

),

user_songs as (

    select * from {{ ref('int_snapshot_user_songs') }}

),

song_plays as (

    select
        catalogue.snapshot_date,
        catalogue.song_id,
        coalesce(sum(user_songs.plays), 0) as plays,
        coalesce(sum(user_songs.weekend_plays), 0) as weekend_plays
    from recommendation_catalogue as catalogue
    left join user_songs
        on
            catalogue.snapshot_date = user_songs.snapshot_date
            and catalogue.song_id = user_songs.song_id
    where catalogue.split = 'serve'
    group by catalogue.snapshot_date, catalogue.song_id

),

song_shares as (

    select
        *,
        {{ ratio(
            'sum(weekend_plays) over (partition by snapshot_date)',
            'sum(plays) over (partition by snapshot_date)'
        ) }} as usual_weekend_share
    from song_plays

),

contexts as (

    select
        snapshot_date,
        song_id,
        'any' as context,
        plays as context_plays,
        plays,
        1.0 as usual_share
    from song_shares

    union all

    select
        snapshot_date,
        song_id,
        'weekend' as context,
        weekend_plays as context_plays,
        plays,
        usual_weekend_share as usual_share
    from song_shares

    union all

    select
        snapshot_date,
        song_id,
        'weekday' as context,
        plays - weekend_plays as context_plays,
        plays,
        1.0 - usual_weekend_share as usual_share
    from song_shares

),

final as (

    select
        snapshot_date,
        song_id,
        context,
        -- a time without any play says nothing about a song
        coalesce(
            ln(
                nullif({{ ratio(
                    'context_plays + ' ~ var('context_shrinkage') ~ ' * usual_share',
                    '(plays + ' ~ var('context_shrinkage') ~ ') * usual_share'
                ) }}, 0.0)
            ),
            0.0
        ) as log_lift
    from contexts

)

select * from final
