-- What loyal users share, against the rest, feature by feature; the features that tell
-- them apart most come first.
with loyal_user_groups as (

    select * from {{ ref('loyal_user_groups') }}

),

feature_labels as (

    select * from {{ ref('feature_labels') }}

),

loyal as (

    select * from loyal_user_groups
    where is_loyal

),

others as (

    select * from loyal_user_groups
    where not is_loyal

),

compared as (

    select
        loyal.snapshot_date,
        loyal.feature,
        loyal.users as loyal_users,
        others.users as other_users,
        loyal.users_without_value as loyal_users_without_value,
        others.users_without_value as other_users_without_value,
        loyal.mean as loyal_mean,
        others.mean as other_mean,
        loyal.median as loyal_median,
        others.median as other_median,
        (loyal.mean - others.mean)
        / nullif(
            sqrt(
                (loyal.squared_deviations + others.squared_deviations)
                / nullif(
                    loyal.users - loyal.users_without_value
                    + others.users - others.users_without_value - 2,
                    0
                )
            ),
            0
        ) as cohens_d
    from loyal
    inner join others
        on
            loyal.snapshot_date = others.snapshot_date
            and loyal.feature = others.feature

),

final as (

    select
        compared.*,
        coalesce(feature_labels.label, compared.feature) as label,
        cast(
            row_number() over (
                partition by compared.snapshot_date
                order by abs(compared.cohens_d) desc nulls last, compared.feature asc
            ) as bigint
        ) as difference_rank
    from compared
    left join feature_labels on compared.feature = feature_labels.feature

)

select * from final
