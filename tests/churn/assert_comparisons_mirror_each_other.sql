-- A is better than B by as much as B is worse than A: in value, interval and verdict.
with churn_model_comparisons as (

    select * from {{ ref('churn_model_comparisons') }}

)

select
    forward.*,
    backward.difference as backward_difference
from churn_model_comparisons as forward
left join churn_model_comparisons as backward
    on
        forward.snapshot_date = backward.snapshot_date
        and forward.split = backward.split
        and forward.metric = backward.metric
        and forward.model_name = backward.compared_with
        and forward.compared_with = backward.model_name
where
    backward.model_name is null
    or abs(forward.difference + backward.difference) > 1e-12
    or abs(forward.lower_bound + backward.upper_bound) > 1e-12
    or forward.is_significant <> backward.is_significant
