-- Is one model better than another, or luckier? Both are measured on the same
-- resamples, so that what is hard about a resample leaves the difference. In-sample
-- metrics are left out: they compare how well models remember.
with churn_metric_replicates as (

    select * from {{ ref('churn_metric_replicates') }}
    where split <> 'train'

),

differences as (

    select
        measured.snapshot_date,
        measured.split,
        measured.metric,
        measured.model_name,
        other.model_name as compared_with,
        measured.replicate,
        measured.metric_value - other.metric_value as metric_difference,
        measured.least_value - other.largest_value as least_difference,
        measured.largest_value - other.least_value as largest_difference
    from churn_metric_replicates as measured
    inner join churn_metric_replicates as other
        on
            measured.snapshot_date = other.snapshot_date
            and measured.split = other.split
            and measured.metric = other.metric
            and measured.replicate = other.replicate
            and measured.model_name <> other.model_name

),

intervals as (

    select
        snapshot_date,
        split,
        metric,
        model_name,
        compared_with,
        max(metric_difference) filter (where replicate = 0) as difference,
        {{ interval_bound('least_difference', 'lower') }} as lower_bound,
        {{ interval_bound('largest_difference', 'upper') }} as upper_bound
    from differences
    group by snapshot_date, split, metric, model_name, compared_with

),

final as (

    select
        *,
        coalesce(lower_bound > 0 or upper_bound < 0, false) as is_significant
    from intervals

)

select * from final
