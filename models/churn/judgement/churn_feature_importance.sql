-- What each model's score hangs on, ranked by the model's own measure and by what the
-- AUC loses without the feature; the two differ where features say the same.
with importance as (

    select * from {{ ref('churn_importance') }}

),

final as (

    select
        cast(snapshot_date as date) as snapshot_date,
        cast(model_name as {{ dbt.type_string() }}) as model_name,
        cast(feature as {{ dbt.type_string() }}) as feature,
        cast(impurity_importance as double) as impurity_importance,
        cast(permutation_importance as double) as permutation_importance,
        cast(permutation_stddev as double) as permutation_stddev,
        cast(score_change as double) as score_change,
        cast(
            row_number() over (
                partition by snapshot_date, model_name
                order by impurity_importance desc nulls last, feature asc
            ) as bigint
        ) as importance_rank,
        cast(
            row_number() over (
                partition by snapshot_date, model_name
                order by permutation_importance desc nulls last, feature asc
            ) as bigint
        ) as permutation_rank,
        case
            when score_change > 0 then 'raises'
            when score_change < 0 then 'lowers'
            else 'none'
        end as direction
    from importance

)

select * from final
