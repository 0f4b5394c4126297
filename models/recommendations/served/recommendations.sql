-- What each user should hear next, for any day and for weekdays and weekends apart, and
-- why: the list that an application shows.
with recommendation_ranks as (

    select * from {{ ref('recommendation_ranks') }}

),

recommendation_reasons as (

    select * from {{ ref('recommendation_reasons') }}

),

songs as (

    select * from {{ ref('songs') }}

),

final as (

    select
        ranks.snapshot_date,
        ranks.user_id,
        ranks.context,
        cast(ranks.rank as integer) as rank,
        ranks.song_id,
        songs.song_name,
        songs.singer,
        ranks.score,
        reasons.reason,
        ranks.policy
    from recommendation_ranks as ranks
    inner join recommendation_reasons as reasons
        on
            ranks.snapshot_date = reasons.snapshot_date
            and ranks.user_id = reasons.user_id
            and ranks.song_id = reasons.song_id
    inner join songs
        on
            ranks.snapshot_date = songs.snapshot_date
            and ranks.song_id = songs.song_id

)

select * from final
