-- Family D. How long has the user been silent? Never in the window is null, not 0: 0
-- means today.
with user_days as (

    select * from {{ ref('int_snapshot_user_days') }}

),

last_dates as (

    select
        snapshot_date,
        user_id,
        max(event_date) filter (where plays > 0) as last_play_date,
        max(event_date) filter (where downloads > 0) as last_download_date,
        max(event_date) filter (where searches > 0) as last_search_date,
        max(event_date) as last_event_date
    from user_days
    group by snapshot_date, user_id

),

final as (

    select
        snapshot_date,
        user_id,
        {{ days_between('last_play_date', 'snapshot_date') }} as days_since_last_play,
        {{ days_between('last_download_date', 'snapshot_date') }}
            as days_since_last_download,
        {{ days_between('last_search_date', 'snapshot_date') }}
            as days_since_last_search,
        {{ days_between('last_event_date', 'snapshot_date') }} as days_since_last_event
    from last_dates

)

select * from final
