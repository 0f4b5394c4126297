-- The seeds that people edit have no empty cell, a value for both user types, different
-- ranks, and a lowest tier that takes everybody: without that, users would silently get
-- no offer, or no tier.
with retention_actions as (

    select * from {{ ref('retention_actions') }}

),

customer_values as (

    select * from {{ ref('customer_values') }}

),

risk_tiers as (

    select * from {{ ref('risk_tiers') }}

),

feature_labels as (

    select * from {{ ref('feature_labels') }}

),

lowest_tier as (

    select min(tier_rank) as tier_rank from risk_tiers

),

problems as (

    select 'retention_actions: an empty cell' as problem
    from retention_actions
    where
        is_for_free is null
        or is_for_paying is null
        or is_fallback is null
        or cost is null
        or success_rate is null

    union all

    select 'customer_values: an empty cell' as problem
    from customer_values
    where customer_value is null or acquisition_cost is null

    union all

    select 'customer_values: a user type is missing' as problem
    from customer_values
    having count(distinct is_paying) <> 2

    union all

    select 'risk_tiers: an empty cell' as problem
    from risk_tiers
    where
        tier_rank is null
        or tier_label is null
        or minimum_probability is null
        or minimum_days_silent is null

    union all

    select 'risk_tiers: two tiers of one rank' as problem
    from risk_tiers
    having count(distinct tier_rank) <> count(*)

    union all

    select 'risk_tiers: the lowest tier does not take everybody' as problem
    from risk_tiers
    inner join lowest_tier on risk_tiers.tier_rank = lowest_tier.tier_rank
    where risk_tiers.minimum_probability > 0 or risk_tiers.minimum_days_silent > 0

    union all

    select 'feature_labels: an empty cell' as problem
    from feature_labels
    where label is null or unit is null

)

select * from problems
