-- What every model says of every user, beside what happened where it is known.
with churn_scores as (

    select * from {{ ref('churn_scores') }}

),

churn_labels as (

    select * from {{ ref('churn_labels') }}

),

final as (

    select
        cast(churn_scores.snapshot_date as date) as snapshot_date,
        cast(churn_scores.model_name as {{ dbt.type_string() }}) as model_name,
        cast(churn_scores.split as {{ dbt.type_string() }}) as split,
        cast(churn_scores.user_id as bigint) as user_id,
        cast(churn_scores.fitted_snapshot_date as date) as fitted_snapshot_date,
        cast(churn_scores.raw_score as double) as raw_score,
        cast(churn_scores.churn_probability as double) as churn_probability,
        churn_labels.is_churned
    from churn_scores
    left join churn_labels
        on
            churn_scores.snapshot_date = churn_labels.snapshot_date
            and churn_scores.user_id = churn_labels.user_id

)

select * from final
