-- How far the distribution of each feature has moved since the snapshot before: the
-- population stability index, sum over bins of (share now - share before) x ln(share
-- now / share before). Bins lie between the deciles of the scored users; users without
-- a value share one more bin.
{%- set features = (feature_names() | trim).split(',') %}
with snapshots as (

    select * from {{ ref('snapshots') }}
    where role <> 'skipped'

),

user_features as (

    select * from {{ ref('user_features') }}

),

feature_percentiles as (

    select * from {{ ref('rpt_feature_percentiles') }}

),

compared_snapshots as (

    select
        scored.snapshot_date as scored_date,
        max(earlier.snapshot_date) as earlier_date
    from snapshots as scored
    inner join snapshots as earlier on scored.snapshot_date > earlier.snapshot_date
    where scored.role = 'scoring'
    group by scored.snapshot_date

),

some_users as (

    select
        compared_snapshots.scored_date,
        user_features.snapshot_date = compared_snapshots.scored_date as is_now,
        user_features.*
    from user_features
    inner join compared_snapshots
        on
            user_features.snapshot_date
            in (compared_snapshots.scored_date, compared_snapshots.earlier_date)
    qualify
        row_number() over (
            partition by compared_snapshots.scored_date, user_features.snapshot_date
            order by
                {{ hash_fraction('user_features.user_id', 'drift') }},
                user_features.user_id
        ) <= {{ var('drift_users') }}

),

feature_values as (

    {%- for feature in features %}
    select
        scored_date,
        is_now,
        '{{ feature }}' as feature,
        cast({{ feature }} as double) as feature_value,
        count(*) as users
    from some_users
    group by scored_date, is_now, {{ feature }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

borders as (

    select distinct
        snapshot_date,
        feature,
        percentile_value as border
    from feature_percentiles
    where percentile in (10, 20, 30, 40, 50, 60, 70, 80, 90)

),

binned_values as (

    select
        feature_values.scored_date,
        feature_values.is_now,
        feature_values.feature,
        feature_values.users,
        case
            when feature_values.feature_value is not null then count(borders.border)
        end as bin
    from feature_values
    left join borders
        on
            feature_values.scored_date = borders.snapshot_date
            and feature_values.feature = borders.feature
            and feature_values.feature_value > borders.border
    group by
        feature_values.scored_date,
        feature_values.is_now,
        feature_values.feature,
        feature_values.feature_value,
        feature_values.users

),

bins as (

    select
        scored_date,
        feature,
        bin,
        coalesce(sum(users) filter (where is_now), 0) as users_now,
        coalesce(sum(users) filter (where not is_now), 0) as users_before
    from binned_values
    group by scored_date, feature, bin

),

totals as (

    select
        *,
        cast(sum(users_now) over feature_bins as double) as all_users_now,
        cast(sum(users_before) over feature_bins as double) as all_users_before
    from bins
    window feature_bins as (partition by scored_date, feature)

),

shares as (

    select
        scored_date,
        feature,
        -- an empty bin would have an infinite logarithm
        greatest(users_now / all_users_now, {{ var('drift_least_share') }})
            as share_now,
        greatest(users_before / all_users_before, {{ var('drift_least_share') }})
            as share_before
    from totals

),

final as (

    select
        shares.scored_date as snapshot_date,
        shares.feature,
        {{ exact_sum('(share_now - share_before) * ln(share_now / share_before)', 12) }}
            as population_stability_index,
        compared_snapshots.earlier_date as earlier_snapshot_date
    from shares
    inner join compared_snapshots
        on shares.scored_date = compared_snapshots.scored_date
    group by shares.scored_date, shares.feature, compared_snapshots.earlier_date

)

select * from final
