-- Family C. How often does the user play, download and search, over windows that grow
-- back from the snapshot? 7 days over 30 is the acceleration: a steady user has 7/30 of
-- the events in the last 7 days.
{%- set events = ['plays', 'downloads', 'searches'] %}
{%- set windows = {
    '1d': 1, '3d': 3, '7d': 7, '14d': 14, '30d': var('feature_window_days')
} %}
with user_days as (

    select * from {{ ref('int_snapshot_user_days') }}

),

counted as (

    select
        snapshot_date,
        user_id,
        {%- for event in events %}
        {%- set is_last_event = loop.last %}
        {%- for window, days in windows.items() %}
        {{ sum_last_days(event, days) }} as {{ event }}_{{ window }}
        {%- if not (is_last_event and loop.last) %},{% endif %}
        {%- endfor %}
        {%- endfor %}
    from user_days
    group by snapshot_date, user_id

),

final as (

    select
        *,
        {{ ratio('plays_7d', 'plays_30d') }} as plays_7d_over_30d,
        {{ ratio('downloads_7d', 'downloads_30d') }} as downloads_7d_over_30d,
        {{ ratio('searches_7d', 'searches_30d') }} as searches_7d_over_30d
    from counted

)

select * from final
