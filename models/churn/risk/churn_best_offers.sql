-- For each of today's users the allowed offer with the highest expected value, if any
-- is worth its cost.
with scored_users as (

    select * from {{ ref('churn_scored_users') }}

),

offers as (

    select * from {{ ref('churn_offers') }}

),

user_offers as (

    select
        scored_users.snapshot_date,
        scored_users.user_id,
        offers.action,
        offers.cost,
        {{ expected_value(
            'scored_users.churn_probability', 'offers.success_rate',
            'offers.customer_value', 'offers.cost'
        ) }} as expected_value
    from scored_users
    inner join offers
        on
            scored_users.snapshot_date = offers.snapshot_date
            and scored_users.is_paying = offers.is_paying

),

ranked as (

    select
        *,
        {{ offer_rank(['snapshot_date', 'user_id'], 'expected_value') }} as offer_rank
    from user_offers
    where expected_value > 0

),

final as (

    select {{ all_columns_but('offer_rank') }}
    from ranked
    where offer_rank = 1

)

select * from final
