-- Predictions whose outcome is known, made ready for the metrics: ranked, put into bins
-- and with their errors as decimals, whose sums are exact. Numbers stand for the long
-- keys, because a hundred million weighted rows are grouped by them.
--
-- `score_rank` is exact. `score_group` is the same on a coarser scale, on which the
-- replicates rank: an interval does not need more, and takes a tenth of the time.
{%- set smallest = 'cast(2.220446049250313e-16 as double)' %}
{%- set likelihood = 'case when is_churned then churn_probability '
    ~ 'else 1 - churn_probability end' %}
with churn_predictions as (

    select * from {{ ref('churn_predictions') }}

),

judged as (

    select
        *,
        dense_rank() over (
            order by snapshot_date asc, model_name asc, split asc
        ) as evaluation_number,
        count(*) over (partition by snapshot_date, model_name, split) as users,
        count(*) over (
            partition by snapshot_date, model_name, split
            order by raw_score desc
        ) as score_rank,
        case when is_churned then 1 else 0 end as outcome
    from churn_predictions
    where is_churned is not null

),

final as (

    select
        snapshot_date,
        model_name,
        split,
        user_id,
        fitted_snapshot_date,
        churn_probability,
        is_churned,
        cast(evaluation_number as integer) as evaluation_number,
        cast(score_rank as integer) as score_rank,
        cast(
            floor(score_rank * {{ var('bootstrap_score_groups') }} / users)
            as integer
        ) as score_group,
        cast(outcome as tinyint) as outcome,
        cast(
            case
                when churn_probability > {{ var('decision_threshold') }} then 1 else 0
            end as tinyint
        ) as predicted,
        cast(
            least(
                floor(churn_probability * {{ var('calibration_bins') }}) + 1,
                {{ var('calibration_bins') }}
            ) as tinyint
        ) as calibration_bin,
        cast(churn_probability as decimal(18, 12)) as probability,
        cast(
            (churn_probability - outcome) * (churn_probability - outcome)
            as decimal(18, 12)
        ) as squared_error,
        -- as scikit-learn, which takes no probability for certain
        cast(
            -ln(greatest({{ likelihood }}, {{ smallest }})) as decimal(18, 12)
        ) as log_loss
    from judged

)

select * from final
