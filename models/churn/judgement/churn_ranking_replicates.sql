-- How well scores rank users, in the sample and in each resample. Users of equal score
-- are one step of the curve: in AUC such a pair counts half, in PR-AUC (average
-- precision) precision is taken once for all of them.
with churn_judged_scores as (

    select * from {{ ref('churn_judged_scores') }}

),

churn_bootstrap_weights as (

    select * from {{ ref('churn_bootstrap_weights') }}

),

steps as (

    select
        churn_judged_scores.evaluation_number,
        churn_bootstrap_weights.replicate,
        case
            when churn_bootstrap_weights.replicate = 0
                then churn_judged_scores.score_rank
            else churn_judged_scores.score_group
        end as step,
        cast(sum(churn_bootstrap_weights.weight) as bigint) as users,
        cast(
            sum(churn_bootstrap_weights.weight * churn_judged_scores.outcome)
            as bigint
        ) as churned_users
    from churn_judged_scores
    inner join churn_bootstrap_weights
        on churn_judged_scores.user_id = churn_bootstrap_weights.user_id
    group by
        churn_judged_scores.evaluation_number, churn_bootstrap_weights.replicate, step

),

curves as (

    select
        *,
        cast(sum(users) over so_far as bigint) as users_so_far,
        cast(sum(churned_users) over so_far as bigint) as churned_users_so_far
    from steps
    window so_far as (
        partition by evaluation_number, replicate
        order by step asc
        rows between unbounded preceding and current row
    )

),

totals as (

    select
        evaluation_number,
        replicate,
        sum(users) as users,
        sum(churned_users) as churned_users,
        sum(
            (users - churned_users) * (2 * churned_users_so_far - churned_users)
        ) as half_pairs_in_order,
        {{ exact_sum(
            'cast(churned_users * churned_users_so_far as double) / users_so_far', 12
        ) }} as precision_of_churned_users
    from curves
    group by evaluation_number, replicate

),

final as (

    select
        evaluation_number,
        replicate,
        cast(half_pairs_in_order as double)
        / nullif(2 * churned_users * (users - churned_users), 0) as auc,
        {{ ratio('precision_of_churned_users', 'churned_users') }} as pr_auc
    from totals

)

select * from final
