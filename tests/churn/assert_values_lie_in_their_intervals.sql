-- A figure outside its own interval is a wrong figure or a wrong interval. An interval
-- has two ends or none.
{%- set judged = [
    ('churn_model_metrics', 'value'),
    ('churn_model_comparisons', 'difference'),
    ('churn_backtest', 'difference'),
    ('recommender_metrics', 'value'),
    ('recommender_comparisons', 'difference'),
] %}
{%- for table, figure in judged %}
select
    '{{ table }}' as table_name,
    metric,
    {{ figure }} as figure,
    lower_bound,
    upper_bound
from {{ ref(table) }}
where
    not {{ figure }} between lower_bound and upper_bound
    or (lower_bound is null) <> (upper_bound is null)
{{ 'union all' if not loop.last }}
{%- endfor %}
