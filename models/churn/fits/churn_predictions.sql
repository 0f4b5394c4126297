-- What every model says of every user, beside what happened where it is known: to the
-- examples that models were fitted and judged by, also when a daily build has moved on
-- to later snapshots.
with churn_scores as (

    select * from {{ ref('churn_scores') }}

),

churn_examples as (

    select * from {{ ref('churn_examples') }}

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
        churn_examples.is_churned
    from churn_scores
    left join churn_examples
        on
            churn_scores.snapshot_date = churn_examples.snapshot_date
            and churn_scores.user_id = churn_examples.user_id

)

select * from final
