-- Why the champion gives a user their score, feature by feature, and in words that can
-- be shown. A feature that moves nothing is no reason.
with contributions as (

    select * from {{ ref('churn_contributions') }}

),

feature_labels as (

    select * from {{ ref('feature_labels') }}

),

named as (

    select
        contributions.*,
        coalesce(feature_labels.label, contributions.feature) as label,
        coalesce(feature_labels.unit, '') as unit,
        case feature_labels.unit
            when 'share' then round(100 * contributions.feature_value)
            when 'seconds' then contributions.feature_value / 60
            else contributions.feature_value
        end as shown_value
    from contributions
    left join feature_labels on contributions.feature = feature_labels.feature
    where contributions.contribution <> 0

),

final as (

    select
        cast(snapshot_date as date) as snapshot_date,
        cast(user_id as bigint) as user_id,
        cast(reason_rank as bigint) as reason_rank,
        cast(feature as {{ dbt.type_string() }}) as feature,
        cast(feature_value as double) as feature_value,
        cast(contribution as double) as contribution,
        label || ': '
        || case
            when shown_value is null then 'none'
            when unit = 'yes_no' and shown_value = 0 then 'no'
            when unit = 'yes_no' then 'yes'
            else {{ plain_number('shown_value') }}
        end
        || case unit when 'share' then ' %' when 'seconds' then ' minutes' else '' end
        || case
            when contribution > 0 then ' (raises the risk)' else ' (lowers the risk)'
        end as reason,
        contribution > 0 as is_raising_risk
    from named

)

select * from final
