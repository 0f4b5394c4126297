-- Family C. How often does the user play, download and search, over windows that grow
-- back from the snapshot? 7 days over 30 is the acceleration: a steady user has 7/30 of
-- the events in the last 7 days.
{%- set events = ['plays', 'downloads', 'searches'] %}
{%- set windows = [1, 3, 7, 14, var('feature_window_days')] %}
{%- set names = ['1d', '3d', '7d', '14d', '30d'] %}
with user_days as (

    select * from {{ ref('int_snapshot_user_days') }}

),

counted as (

    select
        snapshot_date,
        user_id,
        {%- for event in events %}
        {%- set is_last_event = loop.last %}
        {%- for days in windows %}
        {{ sum_last_days(event, days) }} as {{ event }}_{{ names[loop.index0] }}
        {{- ',' if not (is_last_event and loop.last) }}
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
