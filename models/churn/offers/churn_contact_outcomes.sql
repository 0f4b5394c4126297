-- What contacting each user of the past would have brought: they get the offer with the
-- highest expected value at their probability, and it pays if they were about to leave.
with churn_judged_scores as (

    select * from {{ ref('churn_judged_scores') }}
    where split in ('test', 'backtest')

),

user_features as (

    select * from {{ ref('user_features') }}

),

churn_offers as (

    select * from {{ ref('churn_offers') }}

),

offered as (

    select
        churn_judged_scores.snapshot_date,
        churn_judged_scores.model_name,
        churn_judged_scores.split,
        churn_judged_scores.user_id,
        churn_judged_scores.churn_probability,
        churn_judged_scores.is_churned,
        churn_offers.action,
        churn_offers.cost,
        {{ expected_value(
            'churn_judged_scores.churn_probability', 'churn_offers.success_rate',
            'churn_offers.customer_value', 'churn_offers.cost'
        ) }} as expected_profit,
        {{ expected_value(
            'churn_judged_scores.outcome', 'churn_offers.success_rate',
            'churn_offers.customer_value', 'churn_offers.cost'
        ) }} as profit
    from churn_judged_scores
    left join user_features
        on
            churn_judged_scores.snapshot_date = user_features.snapshot_date
            and churn_judged_scores.user_id = user_features.user_id
    left join churn_offers
        on
            user_features.snapshot_date = churn_offers.snapshot_date
            and user_features.is_paying = churn_offers.is_paying

),

final as (

    select {{ all_columns_but('expected_profit, cost') }}
    from offered
    qualify
        {{ offer_rank(
            ['snapshot_date', 'model_name', 'split', 'user_id'], 'expected_profit'
        ) }} = 1

)

select * from final
