-- The study's summaries: what every stage of cleaning leaves, drops and fills in.
-- Downloads and searches only lose the records of excluded users.
with cleaning_statistics as (

    select * from {{ ref('int_cleaning_statistics') }}

),

cleaning_stages as (

    select * from {{ ref('cleaning_stages') }}

),

cleaning_users as (

    select * from {{ ref('int_cleaning_users') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

),

snapshot_users as (

    select * from {{ ref('int_snapshot_users') }}

),

user_days as (

    select * from {{ ref('int_user_days') }}

),

play_users as (

    select
        cleaning_users.snapshot_date,
        cleaning_stages.stage_number,
        count(*) as users
    from cleaning_users
    inner join cleaning_stages
        on cleaning_users.last_stage_number >= cleaning_stages.stage_number
    group by cleaning_users.snapshot_date, cleaning_stages.stage_number

),

-- a stage that leaves nothing is a row of its own: the drop has to show somewhere
play_snapshot_stages as (

    select
        snapshots_with_plays.snapshot_date,
        cleaning_stages.stage_number
    from (
        select distinct snapshot_date from cleaning_users
    ) as snapshots_with_plays
    cross join cleaning_stages

),

play_stages as (

    select
        play_snapshot_stages.snapshot_date,
        'play' as event,
        play_snapshot_stages.stage_number,
        cast(coalesce(play_times.records, 0) as bigint) as records,
        coalesce(play_users.users, 0) as users,
        play_times.filled_records as filled_play_times,
        song_lengths.filled_records as filled_song_lengths,
        play_times.mean_seconds as play_seconds_mean,
        play_times.stddev_seconds as play_seconds_stddev,
        play_times.min_seconds as play_seconds_min,
        play_times.max_seconds as play_seconds_max,
        song_lengths.mean_seconds as song_seconds_mean,
        song_lengths.stddev_seconds as song_seconds_stddev,
        song_lengths.min_seconds as song_seconds_min,
        song_lengths.max_seconds as song_seconds_max
    from play_snapshot_stages
    left join cleaning_statistics as play_times
        on
            play_snapshot_stages.snapshot_date = play_times.snapshot_date
            and play_snapshot_stages.stage_number = play_times.stage_number
            and play_times.field = 'play_time'
    left join cleaning_statistics as song_lengths
        on
            play_snapshot_stages.snapshot_date = song_lengths.snapshot_date
            and play_snapshot_stages.stage_number = song_lengths.stage_number
            and song_lengths.field = 'song_length'
    left join play_users
        on
            play_snapshot_stages.snapshot_date = play_users.snapshot_date
            and play_snapshot_stages.stage_number = play_users.stage_number

),

window_days as (

    select
        snapshots.snapshot_date,
        user_days.user_id,
        user_days.downloads,
        user_days.searches,
        snapshot_users.user_id is not null as is_kept
    from snapshots
    inner join user_days
        on
            user_days.event_date
            between snapshots.feature_start_date and snapshots.snapshot_date
    left join snapshot_users
        on
            snapshots.snapshot_date = snapshot_users.snapshot_date
            and user_days.user_id = snapshot_users.user_id

),

other_stages as (

    {%- for event, measure in [('down', 'downloads'), ('search', 'searches')] %}
    {%- for stage, condition in [('delivered', 'true'), ('users_kept', 'is_kept')] %}
    select
        window_days.snapshot_date,
        '{{ event }}' as event,
        cleaning_stages.stage_number,
        cast(
            coalesce(sum(window_days.{{ measure }}) filter (where {{ condition }}), 0)
            as bigint
        ) as records,
        count(distinct window_days.user_id) filter (where {{ condition }}) as users
    from window_days
    inner join cleaning_stages on cleaning_stages.stage = '{{ stage }}'
    where window_days.{{ measure }} > 0
    group by window_days.snapshot_date, cleaning_stages.stage_number
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

all_stages as (

    select * from play_stages

    union all

    select
        *,
        null as filled_play_times,
        null as filled_song_lengths,
        cast(null as double) as play_seconds_mean,
        cast(null as double) as play_seconds_stddev,
        cast(null as double) as play_seconds_min,
        cast(null as double) as play_seconds_max,
        cast(null as double) as song_seconds_mean,
        cast(null as double) as song_seconds_stddev,
        cast(null as double) as song_seconds_min,
        cast(null as double) as song_seconds_max
    from other_stages

),

final as (

    select
        all_stages.snapshot_date,
        all_stages.event,
        cast(all_stages.stage_number as integer) as stage_number,
        cleaning_stages.stage,
        all_stages.records,
        all_stages.users,
        coalesce(
            lag(all_stages.records) over (
                partition by all_stages.snapshot_date, all_stages.event
                order by all_stages.stage_number
            ) - all_stages.records,
            0
        ) as dropped_records,
        cast(coalesce(all_stages.filled_play_times, 0) as bigint) as filled_play_times,
        cast(coalesce(all_stages.filled_song_lengths, 0) as bigint)
            as filled_song_lengths,
        all_stages.play_seconds_mean,
        all_stages.play_seconds_stddev,
        all_stages.play_seconds_min,
        all_stages.play_seconds_max,
        all_stages.song_seconds_mean,
        all_stages.song_seconds_stddev,
        all_stages.song_seconds_min,
        all_stages.song_seconds_max
    from all_stages
    inner join cleaning_stages on all_stages.stage_number = cleaning_stages.stage_number

)

select * from final
