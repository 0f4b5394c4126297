-- The songs that a user's lists are chosen from: the policy's best candidates for users
-- of the utility matrix, popular songs for the others and wherever a list would be too
-- short. What a user dislikes is gone before the best are counted.
with recommendation_users as (

    select * from {{ ref('recommendation_users') }}

),

recommendation_policies as (

    select * from {{ ref('recommendation_policies') }}

),

recommendation_candidates as (

    select * from {{ ref('recommendation_candidates') }}

),

song_dislikes as (

    select * from {{ ref('song_dislikes') }}

),

users as (

    select
        recommendation_users.snapshot_date,
        recommendation_users.user_id,
        case
            when recommendation_users.is_in_matrix then recommendation_policies.policy
            else 'popularity'
        end as policy
    from recommendation_users
    inner join recommendation_policies
        on recommendation_users.snapshot_date = recommendation_policies.snapshot_date
    where recommendation_users.split = 'serve'

),

best as (

    select
        users.snapshot_date,
        users.user_id,
        candidates.recommender as policy,
        candidates.song_id,
        candidates.score,
        case when candidates.recommender = users.policy then 1 else 2 end
            as policy_rank,
        row_number() over (
            partition by
                users.snapshot_date, users.user_id, candidates.recommender
            order by candidates.rank asc
        ) as candidate_rank
    from recommendation_candidates as candidates
    inner join users
        on
            candidates.snapshot_date = users.snapshot_date
            and candidates.user_id = users.user_id
            and candidates.recommender in (users.policy, 'popularity')
    anti join song_dislikes
        on
            candidates.snapshot_date = song_dislikes.snapshot_date
            and candidates.user_id = song_dislikes.user_id
            and candidates.song_id = song_dislikes.song_id
    where candidates.split = 'serve'
    qualify candidate_rank <= {{ var('reranked_candidates') }}

),

counted as (

    select
        *,
        count(*) filter (where policy_rank = 1) over (
            partition by snapshot_date, user_id
        ) as policy_songs,
        min(policy_rank) over (
            partition by snapshot_date, user_id, song_id
        ) as first_policy_rank
    from best

),

final as (

    select
        snapshot_date,
        user_id,
        song_id,
        policy,
        policy_rank,
        candidate_rank,
        score
    from counted
    where
        policy_rank = 1
        or (
            policy_songs < {{ var('recommended_songs') }}
            and first_policy_rank = 2
        )

)

select * from final
