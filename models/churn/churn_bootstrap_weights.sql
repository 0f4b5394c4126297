-- How often each resample holds each user: Poisson bootstrap, in which users are drawn
-- independently of each other. All models and splits share the draws, so that
-- differences are paired. Replicate 0 is the sample itself: every rule of a metric is
-- written once, for the value and for its interval.
with churn_predictions as (

    select * from {{ ref('churn_predictions') }}

),

judged_users as (

    select distinct user_id
    from churn_predictions
    where is_churned is not null

),

replicates as (

    select number as replicate
    from {{ whole_numbers(1, var('bootstrap_replicates')) }} as numbers

),

draws as (

    select
        judged_users.user_id,
        replicates.replicate,
        {{ hash_fraction(
            "replicates.replicate || ':' || judged_users.user_id", 'bootstrap'
        ) }} as fraction
    from judged_users
    cross join replicates

),

weighted as (

    select
        user_id,
        cast(replicate as integer) as replicate,
        cast({{ poisson_weight('fraction') }} as tinyint) as weight
    from draws

    union all

    select
        user_id,
        0 as replicate,
        cast(1 as tinyint) as weight
    from judged_users

),

final as (

    select *
    from weighted
    where weight > 0

)

select * from final
