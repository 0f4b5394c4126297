-- Is the dirt random, as the study says, or does it tell churners from others? It
-- takes both a small p and an effect worth the name: with many users every difference
-- is significant.
with welch_tests as (

    select * from {{ ref('missingness_welch_tests') }}

),

final as (

    select
        cast(snapshot_date as date) as snapshot_date,
        cast(field as {{ dbt.type_string() }}) as field,
        cast(churned_users as bigint) as churned_users,
        cast(staying_users as bigint) as staying_users,
        cast(churned_mean_share as double) as churned_mean_share,
        cast(staying_mean_share as double) as staying_mean_share,
        cast(churned_share_stddev as double) as churned_share_stddev,
        cast(staying_share_stddev as double) as staying_share_stddev,
        cast(t_statistic as double) as t_statistic,
        cast(p_value as double) as p_value,
        cast(cohens_d as double) as cohens_d,
        coalesce(
            p_value < {{ var('informative_p_value') }}
            and abs(cohens_d) >= {{ var('informative_effect_size') }},
            false
        ) as informative
    from welch_tests

)

select * from final
