-- Every fitted estimator of every algorithm: where scoring and explaining look for
-- them.
{%- set algorithms = [
    'days_since_last_event', 'logistic_regression', 'random_forest',
    'gradient_boosting', 'tuned_random_forest', 'bagged_boosting'
] %}
{%- for algorithm in algorithms %}
select * from {{ ref('churn_fit_' ~ algorithm) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
