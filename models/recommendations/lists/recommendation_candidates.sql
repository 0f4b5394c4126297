-- Every list of every recommender, whoever made it.
{{ config(materialized='view') }}
{%- set lists = [
    'baseline_candidates', 'recommendation_lists', 'report_weights_lists'
] + distributed_lists().split() %}

with
{%- for list in lists %}
{{ list }} as (

    select * from {{ ref(list) }}

),
{% endfor %}
final as (

    {%- for list in lists %}
    select
        snapshot_date,
        split,
        recommender,
        user_id,
        rank,
        song_id,
        score
    from {{ list }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from final
