-- What is computed twice agrees: precision and recall with the curve at the decision
-- threshold, and the calibration error with the calibration bins.
with churn_model_metrics as (

    select * from {{ ref('churn_model_metrics') }}

),

churn_threshold_metrics as (

    select * from {{ ref('churn_threshold_metrics') }}

),

churn_calibration as (

    select * from {{ ref('churn_calibration') }}

),

computed_again as (

    {%- for metric, column in {
        'precision': 'precision', 'recall': 'true_positive_rate'
    }.items() %}
    select
        snapshot_date,
        model_name,
        split,
        '{{ metric }}' as metric,
        {{ column }} as value_again
    from churn_threshold_metrics
    where threshold = {{ var('decision_threshold') }}

    union all
    {%- endfor %}

    select
        snapshot_date,
        model_name,
        split,
        'expected_calibration_error' as metric,
        sum(users * abs(mean_probability - churn_rate)) / sum(users) as value_again
    from churn_calibration
    group by snapshot_date, model_name, split

)

select
    churn_model_metrics.*,
    computed_again.value_again
from churn_model_metrics
inner join computed_again
    on
        churn_model_metrics.snapshot_date = computed_again.snapshot_date
        and churn_model_metrics.model_name = computed_again.model_name
        and churn_model_metrics.split = computed_again.split
        and churn_model_metrics.metric = computed_again.metric
where abs(churn_model_metrics.value - computed_again.value_again) > 1e-9
