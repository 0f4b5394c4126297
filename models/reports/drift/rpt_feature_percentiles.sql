-- The population that a user of the risk list is compared with: every percentile of
-- each feature. Features stay side by side until they are summed up: in long form there
-- would be as many rows as users times features.
{%- set features = (feature_names() | trim).split(',') %}
with snapshots as (

    select * from {{ ref('snapshots') }}

),

user_features as (

    select * from {{ ref('user_features') }}

),

feature_labels as (

    select * from {{ ref('feature_labels') }}

),

scored as (

    select user_features.*
    from user_features
    inner join snapshots on user_features.snapshot_date = snapshots.snapshot_date
    where snapshots.role = 'scoring'

),

percentile_lists as (

    {%- for feature in features %}
    select
        snapshot_date,
        '{{ feature }}' as feature,
        count({{ feature }}) as users,
        {{ percentile_list('cast(' ~ feature ~ ' as double)') }} as percentile_values
    from scored
    group by snapshot_date
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

percentiles as (

    select
        percentile_lists.snapshot_date,
        percentile_lists.feature,
        percentile_lists.users,
        numbers.number as percentile,
        {{ list_item('percentile_lists.percentile_values', 'numbers.number + 1') }}
            as percentile_value
    from percentile_lists
    cross join {{ whole_numbers(0, 100) }} as numbers
    where percentile_lists.users > 0

),

final as (

    select
        percentiles.snapshot_date,
        percentiles.feature,
        coalesce(feature_labels.label, percentiles.feature) as label,
        feature_labels.unit,
        cast(percentiles.percentile as integer) as percentile,
        percentiles.users,
        percentiles.percentile_value
    from percentiles
    left join feature_labels on percentiles.feature = feature_labels.feature

)

select * from final
