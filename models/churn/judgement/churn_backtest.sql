-- What a model is worth on the day it scores. A random split lends a model labels that
-- nobody has yet on the snapshot date; the backtest asks a model fitted on an earlier
-- snapshot about the same users, and resamples both together.
with churn_metric_replicates as (

    select * from {{ ref('churn_metric_replicates') }}
    where metric in ('auc', 'log_loss', 'expected_calibration_error')

),

paired as (

    select
        time_honest.snapshot_date,
        time_honest.model_name,
        time_honest.metric,
        time_honest.replicate,
        time_honest.fitted_snapshot_date,
        time_honest.users as test_users,
        time_honest.metric_value as time_honest_value,
        random_split.metric_value as random_split_value,
        time_honest.metric_value - random_split.metric_value as metric_difference,
        time_honest.least_value - random_split.largest_value as least_difference,
        time_honest.largest_value - random_split.least_value as largest_difference
    from churn_metric_replicates as time_honest
    inner join churn_metric_replicates as random_split
        on
            time_honest.snapshot_date = random_split.snapshot_date
            and time_honest.model_name = random_split.model_name
            and time_honest.metric = random_split.metric
            and time_honest.replicate = random_split.replicate
    where time_honest.split = 'backtest' and random_split.split = 'test'

),

final as (

    select
        snapshot_date,
        model_name,
        metric,
        fitted_snapshot_date,
        max(time_honest_value) filter (where replicate = 0) as time_honest_value,
        max(random_split_value) filter (where replicate = 0) as random_split_value,
        max(metric_difference) filter (where replicate = 0) as difference,
        {{ interval_bound('least_difference', 'lower') }} as lower_bound,
        {{ interval_bound('largest_difference', 'upper') }} as upper_bound,
        test_users
    from paired
    group by snapshot_date, model_name, metric, fitted_snapshot_date, test_users

)

select * from final
