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

dislike_counts as (

    select
        snapshot_date,
        user_id,
        count(*) as songs
    from song_dislikes
    group by snapshot_date, user_id

),

users as (

    select
        recommendation_users.snapshot_date,
        recommendation_users.user_id,
        case
            when recommendation_users.is_in_matrix then recommendation_policies.policy
            else 'popularity'
        end as policy,
        -- no choice stands lower in a list
        coalesce(dislike_counts.songs, 0) + {{ var('reranked_candidates') }}
            as lowest_rank
    from recommendation_users
    inner join recommendation_policies
        on recommendation_users.snapshot_date = recommendation_policies.snapshot_date
    left join dislike_counts
        on
            recommendation_users.snapshot_date = dislike_counts.snapshot_date
            and recommendation_users.user_id = dislike_counts.user_id
    where recommendation_users.split = 'serve'

),

proposers as (

    select policy from recommendation_policies

    union all

    select 'popularity' as policy

),

-- proposers are named before any join: lists of one recommender lie together, and the
-- others' are not even read
candidates as (

    select
        candidates.snapshot_date,
        candidates.user_id,
        candidates.recommender,
        candidates.song_id,
        candidates.rank,
        candidates.score
    from recommendation_candidates as candidates
    anti join song_dislikes
        on
            candidates.snapshot_date = song_dislikes.snapshot_date
            and candidates.user_id = song_dislikes.user_id
            and candidates.song_id = song_dislikes.song_id
    where
        candidates.split = 'serve'
        and candidates.recommender in (select proposers.policy from proposers)

),

own_choices as (

    select
        candidates.*,
        1 as policy_rank,
        row_number() over (
            partition by candidates.snapshot_date, candidates.user_id
            order by candidates.rank asc
        ) as candidate_rank
    from candidates
    inner join users
        on
            candidates.snapshot_date = users.snapshot_date
            and candidates.user_id = users.user_id
            and candidates.recommender = users.policy
            and candidates.rank <= users.lowest_rank
    qualify candidate_rank <= {{ var('reranked_candidates') }}

),

choice_counts as (

    select
        snapshot_date,
        user_id,
        count(*) as songs
    from own_choices
    group by snapshot_date, user_id

),

short_users as (

    select users.*
    from users
    left join choice_counts
        on
            users.snapshot_date = choice_counts.snapshot_date
            and users.user_id = choice_counts.user_id
    where
        users.policy <> 'popularity'
        and coalesce(choice_counts.songs, 0) < {{ var('recommended_songs') }}

),

popular_choices as (

    select
        candidates.*,
        2 as policy_rank,
        row_number() over (
            partition by candidates.snapshot_date, candidates.user_id
            order by candidates.rank asc
        ) as candidate_rank
    from candidates
    inner join short_users
        on
            candidates.snapshot_date = short_users.snapshot_date
            and candidates.user_id = short_users.user_id
            and candidates.rank <= short_users.lowest_rank
    where candidates.recommender = 'popularity'
    qualify candidate_rank <= {{ var('reranked_candidates') }}

),

choices as (

    select * from own_choices

    union all

    select popular_choices.*
    from popular_choices
    anti join own_choices
        on
            popular_choices.snapshot_date = own_choices.snapshot_date
            and popular_choices.user_id = own_choices.user_id
            and popular_choices.song_id = own_choices.song_id

),

final as (

    select
        snapshot_date,
        user_id,
        song_id,
        recommender as policy,
        policy_rank,
        candidate_rank,
        score
    from choices

)

select * from final
