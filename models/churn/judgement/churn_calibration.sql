-- Does a probability mean what it says? Users in bins of equal width of their churn
-- probability: predicted against what happened.
with churn_judged_scores as (

    select * from {{ ref('churn_judged_scores') }}

),

final as (

    select
        snapshot_date,
        model_name,
        split,
        cast(calibration_bin as integer) as bin,
        cast(calibration_bin - 1 as double) / {{ var('calibration_bins') }}
            as probability_from,
        cast(calibration_bin as double) / {{ var('calibration_bins') }}
            as probability_below,
        count(*) as users,
        cast(sum(probability) as double) / count(*) as mean_probability,
        {{ ratio('sum(outcome)', 'count(*)') }} as churn_rate
    from churn_judged_scores
    group by snapshot_date, model_name, split, calibration_bin

)

select * from final
