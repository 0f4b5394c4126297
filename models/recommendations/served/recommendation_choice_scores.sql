-- Scores on one scale: standard deviations of the user's candidates, so that a penalty
-- or a lift weighs the same whoever made the score. A song sinks by how similar it is
-- to the nearest song that the user dislikes.
with recommendation_choices as (

    select * from {{ ref('recommendation_choices') }}

),

song_dislikes as (

    select * from {{ ref('song_dislikes') }}

),

song_neighbors as (

    select * from {{ ref('song_neighbors') }}

),

-- whole numbers, so that sums of squares are exact
billionths as (

    select
        *,
        cast(round(score * 1e9) as bigint) as score_billionths
    from recommendation_choices

),

spreads as (

    select
        snapshot_date,
        user_id,
        policy,
        cast(sum(score_billionths) as double) / count(*) / 1e9 as mean_score,
        {{ population_stddev(
            'count(*)',
            'sum(score_billionths)',
            'sum(' ~ wide('score_billionths') ~ ' * score_billionths)'
        ) }} / 1e9 as score_stddev
    from billionths
    group by snapshot_date, user_id, policy

),

likenesses as (

    select
        choices.snapshot_date,
        choices.user_id,
        choices.song_id,
        max(song_neighbors.similarity) as similarity
    from recommendation_choices as choices
    inner join song_dislikes
        on
            choices.snapshot_date = song_dislikes.snapshot_date
            and choices.user_id = song_dislikes.user_id
    inner join song_neighbors
        on
            choices.snapshot_date = song_neighbors.snapshot_date
            and choices.song_id = song_neighbors.song_id
            and song_dislikes.song_id = song_neighbors.neighbor_song_id
    group by choices.snapshot_date, choices.user_id, choices.song_id

),

final as (

    select
        choices.snapshot_date,
        choices.user_id,
        choices.song_id,
        choices.policy,
        choices.policy_rank,
        choices.candidate_rank,
        coalesce(likenesses.similarity, 0.0) as dislike_similarity,
        {{ ratio('choices.score - spreads.mean_score', 'spreads.score_stddev') }}
        - {{ var('dislike_penalty') }} * coalesce(likenesses.similarity, 0.0) as score
    from recommendation_choices as choices
    inner join spreads
        on
            choices.snapshot_date = spreads.snapshot_date
            and choices.user_id = spreads.user_id
            and choices.policy = spreads.policy
    left join likenesses
        on
            choices.snapshot_date = likenesses.snapshot_date
            and choices.user_id = likenesses.user_id
            and choices.song_id = likenesses.song_id

)

select * from final
