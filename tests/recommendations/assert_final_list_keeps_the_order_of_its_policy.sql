-- What is judged is what people see: where no disliked song moves it, a list for any
-- day is in the order of the policy that was chosen on validation users. A score that
-- rises down the policy's own list would break it.
with scores as (

    select * from {{ ref('recommendation_choice_scores') }}

)

select
    *,
    lag(score) over (
        partition by snapshot_date, user_id, policy order by candidate_rank asc
    ) as score_before
from scores
where dislike_similarity = 0
qualify score > score_before
