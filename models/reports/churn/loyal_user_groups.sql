-- Each feature summed up for the loyal users and for the rest, in two passes, means
-- first, so that squares of large values do not drown their differences. Features stay
-- side by side until they are summed up: in long form there would be as many rows as
-- users times features.
{%- set features = (feature_names() | trim).split(',') %}
with risk_users as (

    select * from {{ ref('churn_risk_users') }}

),

user_features as (

    select * from {{ ref('user_features') }}

),

ranked_users as (

    select
        snapshot_date,
        user_id,
        risk_rank,
        count(*) over (partition by snapshot_date) as users
    from risk_users

),

grouped as (

    select
        user_features.*,
        ranked_users.users - ranked_users.risk_rank
        < ranked_users.users * {{ var('loyal_user_share') }} as is_loyal
    from user_features
    inner join ranked_users
        on
            user_features.snapshot_date = ranked_users.snapshot_date
            and user_features.user_id = ranked_users.user_id

),

means as (

    select
        snapshot_date,
        {%- for feature in features %}
        {{ exact_sum('cast(' ~ feature ~ ' as double)') }}
        / nullif(count({{ feature }}), 0) as {{ feature }},
        {%- endfor %}
        is_loyal
    from grouped
    group by snapshot_date, is_loyal

),

final as (

    {%- for feature in features %}
    select
        grouped.snapshot_date,
        '{{ feature }}' as feature,
        grouped.is_loyal,
        count(*) as users,
        count(*) - count(grouped.{{ feature }}) as users_without_value,
        max(means.{{ feature }}) as mean,
        percentile_cont(0.5) within group (
            order by cast(grouped.{{ feature }} as double)
        ) as median,
        {{ exact_sum(
            'power(cast(grouped.' ~ feature ~ ' as double) - means.' ~ feature ~ ', 2)'
        ) }} as squared_deviations
    from grouped
    inner join means
        on
            grouped.snapshot_date = means.snapshot_date
            and grouped.is_loyal = means.is_loyal
    group by grouped.snapshot_date, grouped.is_loyal
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from final
