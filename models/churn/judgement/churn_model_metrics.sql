-- How good every model is, and how sure that is: the interval is that of resampled
-- users.
with churn_metric_replicates as (

    select * from {{ ref('churn_metric_replicates') }}

),

final as (

    select
        snapshot_date,
        model_name,
        split,
        metric,
        max(metric_value) filter (where replicate = 0) as value,
        {{ interval_bound('least_value', 'lower') }} as lower_bound,
        {{ interval_bound('largest_value', 'upper') }} as upper_bound,
        users,
        churned_users
    from churn_metric_replicates
    group by snapshot_date, model_name, split, metric, users, churned_users

)

select * from final
