-- Reasons are read by people: every feature has a label, and no label is left over from
-- a feature that is gone.
with feature_labels as (

    select * from {{ ref('feature_labels') }}

),

-- depends_on: {{ ref('user_features') }}
features as (
    {% for feature in (feature_names() | trim).split(',') %}
    select '{{ feature }}' as feature
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

unmatched as (

    select
        features.feature as feature_without_label,
        feature_labels.feature as label_without_feature
    from features
    full outer join feature_labels on features.feature = feature_labels.feature
    where features.feature is null or feature_labels.feature is null

)

select * from unmatched
