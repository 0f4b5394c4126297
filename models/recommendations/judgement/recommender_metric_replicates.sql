-- Every metric of every recommender in the sample (replicate 0) and in each resample.
-- Recall, NDCG and average precision are means over users, novelty is one over listed
-- songs. Evaluations are numbered and users' values are decimals, because a hundred
-- million weighted rows are grouped by the ones and sum up the others, exactly.
{%- set means = {
    'recall': ('recall', 'users'),
    'ndcg': ('ndcg', 'users'),
    'map': ('average_precision', 'users'),
    'novelty': ('total_novelty', 'listed_songs'),
} %}
with recommendation_user_metrics as (

    select * from {{ ref('recommendation_user_metrics') }}

),

recommender_bootstrap_weights as (

    select * from {{ ref('recommender_bootstrap_weights') }}

),

evaluations as (

    select
        snapshot_date,
        split,
        task,
        songs,
        user_group,
        recommender,
        k,
        count(*) as users,
        cast(
            row_number() over (
                order by
                    snapshot_date asc, split asc, task asc, user_group asc,
                    recommender asc, k asc
            ) as smallint
        ) as evaluation_number
    from recommendation_user_metrics
    group by snapshot_date, split, task, songs, user_group, recommender, k

),

judged as (

    select
        evaluations.evaluation_number,
        user_metrics.user_id,
        {%- for measure in ['recall', 'ndcg', 'average_precision', 'total_novelty'] %}
        cast(user_metrics.{{ measure }} as decimal(18, 12)) as {{ measure }},
        {%- endfor %}
        cast(user_metrics.listed_songs as integer) as listed_songs
    from recommendation_user_metrics as user_metrics
    inner join evaluations
        using (snapshot_date, split, task, user_group, recommender, k)

),

totals as (

    select
        judged.evaluation_number,
        weights.replicate,
        sum(weights.weight) as users,
        sum(weights.weight * judged.listed_songs) as listed_songs,
        sum(weights.weight * judged.recall) as recall,
        sum(weights.weight * judged.ndcg) as ndcg,
        sum(weights.weight * judged.average_precision) as average_precision,
        sum(weights.weight * judged.total_novelty) as total_novelty
    from judged
    inner join recommender_bootstrap_weights as weights
        on judged.user_id = weights.user_id
    group by judged.evaluation_number, weights.replicate

),

metrics as (

    {%- for metric, (measure, count) in means.items() %}
    select
        evaluation_number,
        replicate,
        '{{ metric }}' as metric,
        cast({{ measure }} as double) / nullif({{ count }}, 0) as metric_value
    from totals
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

final as (

    select
        evaluations.snapshot_date,
        evaluations.split,
        evaluations.task,
        evaluations.songs,
        evaluations.user_group,
        evaluations.recommender,
        metrics.metric,
        evaluations.k,
        metrics.replicate,
        metrics.metric_value,
        evaluations.users
    from metrics
    inner join evaluations
        on metrics.evaluation_number = evaluations.evaluation_number

)

select * from final
