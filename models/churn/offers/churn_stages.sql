-- The study's stage of the product: while most users leave, it has to learn to hold
-- them at almost any price; once most stay, an offer has to pay for itself.
with churn_labels as (

    select * from {{ ref('churn_labels') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

),

churn_rates as (

    select
        snapshot_date,
        count(*) as users,
        {{ ratio('count(*) filter (where is_churned)', 'count(*)') }} as churn_rate
    from churn_labels
    group by snapshot_date

),

final as (

    select
        churn_rates.snapshot_date,
        snapshots.label_end_date,
        churn_rates.users,
        churn_rates.churn_rate,
        case
            when churn_rates.churn_rate > {{ var('stickiness_churn_rate') }}
                then 'stickiness'
            else 'revenue'
        end as stage
    from churn_rates
    inner join snapshots on churn_rates.snapshot_date = snapshots.snapshot_date

)

select * from final
