-- The places of each user's lists. A context moves a song by how much more it is heard
-- then; songs that fill up a list stand below the policy's own.
with choice_scores as (

    select * from {{ ref('recommendation_choice_scores') }}

),

song_contexts as (

    select * from {{ ref('song_contexts') }}

),

scored as (

    select
        choice_scores.snapshot_date,
        choice_scores.user_id,
        song_contexts.context,
        choice_scores.song_id,
        choice_scores.policy,
        choice_scores.policy_rank,
        choice_scores.candidate_rank,
        choice_scores.score
        + {{ var('context_weight') }} * song_contexts.log_lift as score
    from choice_scores
    inner join song_contexts
        on
            choice_scores.snapshot_date = song_contexts.snapshot_date
            and choice_scores.song_id = song_contexts.song_id

),

final as (

    select
        snapshot_date,
        user_id,
        context,
        row_number() over (
            partition by snapshot_date, user_id, context
            order by policy_rank asc, score desc, candidate_rank asc
        ) as rank,
        song_id,
        policy,
        score
    from scored
    qualify rank <= {{ var('recommended_songs') }}

)

select * from final
