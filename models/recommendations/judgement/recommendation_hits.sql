-- The listed songs that the user liked afterwards, with what each is worth: the
-- discount of its rank, and the precision of the list down to it.
with recommendation_candidates as (

    select * from {{ ref('recommendation_candidates') }}
    where split <> 'serve'

),

recommendation_relevant_songs as (

    select * from {{ ref('recommendation_relevant_songs') }}

),

hits as (

    select
        recommendation_candidates.snapshot_date,
        recommendation_candidates.split,
        recommendation_relevant_songs.task,
        recommendation_candidates.recommender,
        recommendation_candidates.user_id,
        recommendation_candidates.rank,
        row_number() over (
            partition by
                recommendation_candidates.snapshot_date,
                recommendation_candidates.split,
                recommendation_relevant_songs.task,
                recommendation_candidates.recommender,
                recommendation_candidates.user_id
            order by recommendation_candidates.rank asc
        ) as hit_number
    from recommendation_candidates
    inner join recommendation_relevant_songs
        on
            recommendation_candidates.snapshot_date
            = recommendation_relevant_songs.snapshot_date
            and recommendation_candidates.split = recommendation_relevant_songs.split
            and recommendation_candidates.user_id
            = recommendation_relevant_songs.user_id
            and recommendation_candidates.song_id
            = recommendation_relevant_songs.song_id

),

final as (

    select
        *,
        1 / log2(1 + rank) as gain,
        cast(hit_number as double) / rank as precision_so_far
    from hits

)

select * from final
