-- Predicted against what happened, over past snapshots: users in bands of equal size by
-- their churn probability.
with churn_predictions as (

    select * from {{ ref('churn_predictions') }}

),

banded as (

    select
        *,
        ntile({{ var('score_bands') }}) over (
            partition by snapshot_date, model_name, split
            order by churn_probability asc, user_id asc
        ) as score_band
    from churn_predictions
    where is_churned is not null and split in ('test', 'backtest')

),

final as (

    select
        snapshot_date,
        model_name,
        split,
        cast(score_band as integer) as score_band,
        count(*) as users,
        {{ exact_sum('churn_probability', 12) }} / count(*) as mean_probability,
        {{ ratio('count(*) filter (where is_churned)', 'count(*)') }} as churn_rate,
        {{ exact_sum('churn_probability', 12) }} as expected_churned_users,
        count(*) filter (where is_churned) as churned_users
    from banded
    group by snapshot_date, model_name, split, score_band

)

select * from final
