-- The songs that a recommender may recommend in each split, and how popular they are
-- there. Of the fit part alone: a song's popularity among test pairs is the future.
with examples as (

    select * from {{ ref('recommendation_examples') }}

),

popularity as (

    select
        snapshot_date,
        split,
        song_id,
        cast(sum(plays) as bigint) as plays,
        cast(sum(late_plays) as bigint) as late_plays,
        count(*) as listeners
    from examples
    group by snapshot_date, split, song_id

),

most_heard as (

    select
        *,
        row_number() over (
            partition by snapshot_date, split
            order by listeners desc, plays desc, song_id asc
        ) as listener_rank
    from popularity

),

final as (

    select
        snapshot_date,
        split,
        song_id,
        plays,
        late_plays,
        listeners,
        row_number() over (
            partition by snapshot_date, split
            order by plays desc, listeners desc, song_id asc
        ) as popularity_rank,
        row_number() over (
            partition by snapshot_date, split
            order by late_plays desc, plays desc, listeners desc, song_id asc
        ) as recent_rank
    from most_heard
    where listener_rank <= {{ var('catalogue_size') }}

)

select * from final
