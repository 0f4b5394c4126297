-- The models themselves. The champion is chosen by users that its estimators have not
-- seen, never by test users.
with fits as (

    select * from {{ ref('churn_fits') }}

),

final as (

    select
        cast(snapshot_date as date) as snapshot_date,
        cast(model_name as {{ dbt.type_string() }}) as model_name,
        cast(train_rows as bigint) as train_rows,
        cast(out_of_fold_auc as double) as out_of_fold_auc,
        cast(parameters as {{ dbt.type_string() }}) as parameters,
        cast(library_versions as {{ dbt.type_string() }}) as library_versions,
        cast(parameters_sha256 as {{ dbt.type_string() }}) as parameters_sha256,
        cast(training_data_sha256 as {{ dbt.type_string() }}) as training_data_sha256,
        cast(skip_reason as {{ dbt.type_string() }}) as skip_reason,
        skip_reason is null
        and row_number() over (
            partition by snapshot_date
            order by out_of_fold_auc desc nulls last, model_name asc
        ) = 1 as is_champion
    from fits
    where fold is null

)

select * from final
