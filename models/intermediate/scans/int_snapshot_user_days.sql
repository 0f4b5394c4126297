-- First of the three scans that feed the feature families: what each user of a snapshot
-- did on each day of its feature window, plays cleaned.
with snapshots as (

    select * from {{ ref('int_snapshots') }}

),

snapshot_users as (

    select * from {{ ref('int_snapshot_users') }}

),

user_days as (

    select * from {{ ref('int_user_days') }}

),

cleaned_plays as (

    select
        *,
        {{ completion_band('completion') }} as completion_band,
        -- whole billionths, so that sums of squares are exact
        cast(round(least(completion, 1.0) * 1e9) as bigint) as completion_billionths
    from {{ ref('int_cleaned_plays') }}

),

play_days as (

    select
        snapshot_date,
        user_id,
        event_date,
        count(*) as plays,
        {%- for border in var('completion_band_borders') %}
        {{ count_where('completion_band = ' ~ loop.index) }}
            as plays_band_{{ loop.index }},
        {%- endfor %}
        {{ count_where('play_seconds < ' ~ var('early_skip_seconds')) }} as early_skips,
        {{ count_where('song_id = 0') }} as local_file_plays,
        {{ exact_sum('play_seconds') }} as play_seconds,
        sum(completion_billionths) as completion_billionths,
        {{ wide_sum('completion_billionths * completion_billionths') }}
            as squared_completion_billionths
    from cleaned_plays
    group by snapshot_date, user_id, event_date

),

final as (

    select
        snapshot_users.snapshot_date,
        snapshot_users.user_id,
        user_days.event_date,
        user_days.records,
        user_days.downloads,
        user_days.searches,
        user_days.timed_searches,
        user_days.evening_searches,
        user_days.android_records,
        user_days.iphone_records,
        user_days.paid_records,
        {%- for measure in [
            'plays', 'early_skips', 'local_file_plays', 'completion_billionths',
            'squared_completion_billionths'
        ] %}
        coalesce(play_days.{{ measure }}, 0) as {{ measure }},
        {%- endfor %}
        {%- for border in var('completion_band_borders') %}
        coalesce(play_days.plays_band_{{ loop.index }}, 0)
            as plays_band_{{ loop.index }},
        {%- if loop.last %}
        -- a song is heard to its end in the uppermost band
        coalesce(play_days.plays_band_{{ loop.index }}, 0) as completed_plays,
        {%- endif %}
        {%- endfor %}
        -- no day holds more
        least(
            coalesce(play_days.play_seconds, 0.0),
            cast({{ var('seconds_per_day') }} as double)
        ) as play_seconds
    from snapshot_users
    inner join snapshots on snapshot_users.snapshot_date = snapshots.snapshot_date
    inner join user_days
        on
            snapshot_users.user_id = user_days.user_id
            and user_days.event_date
            between snapshots.feature_start_date and snapshots.snapshot_date
    left join play_days
        on
            snapshot_users.snapshot_date = play_days.snapshot_date
            and snapshot_users.user_id = play_days.user_id
            and user_days.event_date = play_days.event_date

)

select * from final
