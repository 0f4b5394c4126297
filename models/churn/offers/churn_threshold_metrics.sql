-- What happens if everybody above a probability is contacted, for every threshold: the
-- ROC curve, lift, the decision curve (Vickers & Elkin, 2006) and the profit in one.
{%- set steps = var('threshold_steps') %}
with churn_contact_outcomes as (

    select * from {{ ref('churn_contact_outcomes') }}

),

thresholds as (

    select cast(number as double) / {{ steps }} as threshold
    from {{ whole_numbers(0, steps) }} as numbers

),

decisions as (

    select
        churn_contact_outcomes.*,
        thresholds.threshold,
        churn_contact_outcomes.churn_probability > thresholds.threshold as is_contacted
    from churn_contact_outcomes
    cross join thresholds

),

counts as (

    select
        snapshot_date,
        model_name,
        split,
        threshold,
        count(*) as users,
        count(*) filter (where is_churned) as churned_users,
        count(*) filter (where is_contacted) as contacted_users,
        count(*) filter (where is_contacted and is_churned)
            as found_users,
        {{ exact_sum('case when is_contacted then profit end') }} as profit
    from decisions
    group by snapshot_date, model_name, split, threshold

),

final as (

    select
        snapshot_date,
        model_name,
        split,
        threshold,
        users,
        contacted_users,
        {{ ratio('contacted_users', 'users') }} as contacted_share,
        {{ ratio('found_users', 'churned_users') }} as true_positive_rate,
        {{ ratio('contacted_users - found_users', 'users - churned_users') }}
            as false_positive_rate,
        {{ ratio('found_users', 'contacted_users') }} as precision,
        {{ ratio('found_users * users', 'contacted_users * churned_users') }} as lift,
        {{ ratio('found_users', 'users') }}
        - {{ ratio(
            '(contacted_users - found_users) * threshold', 'users * (1 - threshold)'
        ) }} as net_benefit,
        1000 * {{ ratio('profit', 'users') }} as expected_profit
    from counts

)

select * from final
