-- Family F, beyond the study. Is this silence unusual for this user? A week without
-- music means little for someone who listens on Sundays and much for someone who
-- listens every day.
{%- set days = var('feature_window_days') %}
with user_days as (

    select * from {{ ref('int_snapshot_user_days') }}

),

user_days_with_gap as (

    select
        *,
        {{ days_between(
            'lag(event_date) over ('
            ~ 'partition by snapshot_date, user_id order by event_date)',
            'event_date'
        ) }} as gap_days,
        -- 1 on the first day of the window
        {{ days_between('snapshot_date', 'event_date') }} + {{ days }} as day_of_window
    from user_days

),

summed as (

    select
        snapshot_date,
        user_id,
        count(*) filter (where {{ in_last_days('event_date', 7) }}) as active_days_7d,
        count(*) filter (where {{ in_last_days('event_date', 14) }}) as active_days_14d,
        count(*) as active_days_30d,
        {{ days_between('min(event_date)', 'snapshot_date') }}
            as days_since_first_event,
        {{ days_between('max(event_date)', 'snapshot_date') }} as current_gap_days,
        max(gap_days) as longest_gap_days,
        count(gap_days) as gaps,
        sum(gap_days) as total_gap_days,
        sum(gap_days * gap_days) as squared_gap_days,
        sum(plays) as plays,
        sum(plays * day_of_window) as plays_times_day,
        sum(plays) filter (where {{ is_weekend('event_date') }}) as weekend_plays,
        sum(plays) filter (where day_of_window between 1 and 10) as plays_days_1_10,
        sum(plays) filter (where day_of_window between 11 and 20) as plays_days_11_20,
        sum(plays) filter (where day_of_window between 21 and {{ days }})
            as plays_days_21_30
    from user_days_with_gap
    group by snapshot_date, user_id

),

final as (

    select
        snapshot_date,
        user_id,
        active_days_7d,
        active_days_14d,
        active_days_30d,
        days_since_first_event,
        longest_gap_days,
        cast(total_gap_days as double) / nullif(gaps, 0) as mean_gap_days,
        {{ population_stddev(
            'gaps', 'coalesce(total_gap_days, 0)', 'coalesce(squared_gap_days, 0)'
        ) }} as gap_days_stddev,
        {{ ratio('current_gap_days * gaps', 'total_gap_days') }}
            as current_gap_over_mean_gap,
        -- least squares over the days 1 ... n of the window, days without plays
        -- included
        cast(2 * plays_times_day - ({{ days }} + 1) * plays as double)
        * 6.0 / ({{ days }} * ({{ days }} * {{ days }} - 1)) as daily_plays_slope,
        {{ ratio('weekend_plays', 'plays') }} as weekend_play_share,
        cast(coalesce(plays_days_1_10, 0) as bigint) as plays_days_1_10,
        cast(coalesce(plays_days_11_20, 0) as bigint) as plays_days_11_20,
        cast(coalesce(plays_days_21_30, 0) as bigint) as plays_days_21_30
    from summed

)

select * from final
