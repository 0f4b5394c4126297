-- What each user did on each day: every record of the logs but those of outlying days,
-- before any exclusion or cleaning. Labels, the spine, the bot rule and daily activity
-- depend on it. A play time counts if it is not beyond any play; the caps of a snapshot
-- are not used, so that a later day never changes an earlier one.
with plays as (

    select
        *,
        play_seconds
        between 0
        and least({{ var('longest_play_seconds') }}, {{ var('seconds_per_day') }})
            as is_believable
    from {{ ref('stg_player_logs__plays') }}

),

downloads as (

    select * from {{ ref('stg_player_logs__downloads') }}

),

searches as (

    select * from {{ ref('stg_player_logs__searches') }}

),

outlying_days as (

    select event_date from {{ ref('int_delivery_days') }}
    where is_outlying

),

play_days as (

    select
        user_id,
        event_date,
        count(*) as plays,
        {{ count_where(
            'is_believable and song_seconds > 0 and '
            ~ is_completed('play_seconds / song_seconds')
        ) }} as completed_plays,
        {{ exact_sum('case when is_believable then play_seconds end') }}
            as play_seconds,
        0 as downloads,
        0 as searches,
        0 as timed_searches,
        0 as evening_searches,
        {{ count_where('is_android') }} as android_records,
        {{ count_where('not is_android') }} as iphone_records,
        {{ count_where('is_paid') }} as paid_records
    from plays
    group by user_id, event_date

),

download_days as (

    select
        user_id,
        event_date,
        0 as plays,
        0 as completed_plays,
        0.0 as play_seconds,
        count(*) as downloads,
        0 as searches,
        0 as timed_searches,
        0 as evening_searches,
        {{ count_where('is_android') }} as android_records,
        {{ count_where('not is_android') }} as iphone_records,
        {{ count_where('is_paid') }} as paid_records
    from downloads
    group by user_id, event_date

),

search_days as (

    select
        user_id,
        event_date,
        0 as plays,
        0 as completed_plays,
        0.0 as play_seconds,
        0 as downloads,
        count(*) as searches,
        count(searched_at) as timed_searches,
        {{ count_where(
            'extract(hour from searched_at) >= ' ~ var('evening_start_hour')
        ) }} as evening_searches,
        {{ count_where('is_android') }} as android_records,
        {{ count_where('not is_android') }} as iphone_records,
        0 as paid_records
    from searches
    group by user_id, event_date

),

all_days as (

    select * from play_days
    union all
    select * from download_days
    union all
    select * from search_days

),

final as (

    select
        user_id,
        event_date,
        {%- for measure in [
            'plays', 'completed_plays', 'downloads', 'searches',
            'timed_searches', 'evening_searches', 'android_records', 'iphone_records',
            'paid_records'
        ] %}
        cast(sum({{ measure }}) as bigint) as {{ measure }},
        {%- endfor %}
        cast(sum(plays + downloads + searches) as bigint) as records,
        -- one addend is not zero, so their order does not matter; no day holds more
        least(
            coalesce(cast(sum(play_seconds) as double), 0.0),
            cast({{ var('seconds_per_day') }} as double)
        ) as play_seconds
    from all_days
    where event_date not in (select outlying_days.event_date from outlying_days)
    group by user_id, event_date

)

select * from final
