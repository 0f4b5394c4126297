-- Every metric of every model in the sample (replicate 0) and in each resample: what
-- intervals of values and of differences are made of.
{%- set metrics = {
    'ranking': ['auc', 'pr_auc'],
    'probability': [
        'accuracy', 'precision', 'recall', 'f1', 'brier', 'log_loss',
        'expected_calibration_error'
    ]
} %}
with churn_judged_scores as (

    select * from {{ ref('churn_judged_scores') }}

),

churn_ranking_replicates as (

    select * from {{ ref('churn_ranking_replicates') }}

),

churn_probability_replicates as (

    select * from {{ ref('churn_probability_replicates') }}

),

evaluations as (

    select
        evaluation_number,
        snapshot_date,
        model_name,
        split,
        max(fitted_snapshot_date) as fitted_snapshot_date,
        count(*) as users,
        count(*) filter (where is_churned) as churned_users
    from churn_judged_scores
    group by evaluation_number, snapshot_date, model_name, split

),

replicates as (

    {%- for kind, names in metrics.items() %}
    {%- set is_last_kind = loop.last %}
    {%- for metric in names %}
    select
        evaluation_number,
        replicate,
        '{{ metric }}' as metric,
        {{ metric }} as metric_value,
        {% if metric == 'expected_calibration_error' -%}
        least_calibration_error as least_value,
        largest_calibration_error as largest_value
        {%- else -%}
        {{ metric }} as least_value,
        {{ metric }} as largest_value
        {%- endif %}
    from churn_{{ kind }}_replicates
    {{ 'union all' if not (is_last_kind and loop.last) }}
    {%- endfor %}
    {%- endfor %}

),

final as (

    select
        evaluations.snapshot_date,
        evaluations.model_name,
        evaluations.split,
        replicates.metric,
        replicates.replicate,
        replicates.metric_value,
        replicates.least_value,
        replicates.largest_value,
        evaluations.fitted_snapshot_date,
        evaluations.users,
        evaluations.churned_users
    from replicates
    inner join evaluations
        on replicates.evaluation_number = evaluations.evaluation_number

)

select * from final
