-- What is dropped and what is filled in when the plays of a snapshot are cleaned: one
-- row per snapshot, so that no second copy of the plays is needed. Each rule looks at
-- what the last one left. Plays are read once and counted; the rest needs their few
-- values alone.
with window_plays as (

    select * from {{ ref('int_window_plays') }}

),

counted_plays as (

    select
        snapshot_date,
        song_seconds,
        play_seconds,
        is_play_time_repaired,
        count(*) as plays
    from window_plays
    group by snapshot_date, song_seconds, play_seconds, is_play_time_repaired

),

song_counts as (

    select
        snapshot_date,
        song_seconds as seconds,
        sum(plays) as plays
    from counted_plays
    where song_seconds >= 0
    group by snapshot_date, song_seconds

),

song_caps as (

    {{ counted_percentile('song_counts', var('outlier_percentile')) }}

),

song_means as (

    select
        song_counts.snapshot_date,
        {{ exact_sum('song_counts.seconds', times='song_counts.plays') }}
        / sum(song_counts.plays) as song_seconds_mean
    from song_counts
    inner join song_caps
        on
            song_counts.snapshot_date = song_caps.snapshot_date
            and song_counts.seconds <= song_caps.percentile
    where song_counts.seconds > 0
    group by song_counts.snapshot_date

),

-- a play whose length cannot be filled in is dropped, and its time has no say
play_counts as (

    select
        counted_plays.snapshot_date,
        counted_plays.play_seconds as seconds,
        counted_plays.is_play_time_repaired,
        sum(counted_plays.plays) as plays
    from counted_plays
    inner join song_caps
        on
            counted_plays.snapshot_date = song_caps.snapshot_date
            and counted_plays.song_seconds <= song_caps.percentile
    inner join song_means on counted_plays.snapshot_date = song_means.snapshot_date
    where counted_plays.play_seconds >= 0
    group by
        counted_plays.snapshot_date,
        counted_plays.play_seconds,
        counted_plays.is_play_time_repaired

),

-- the percentile is that of the times as delivered: in the study the longest hundredth
-- are milliseconds
delivered_counts as (

    select
        snapshot_date,
        case when is_play_time_repaired then 1000 * seconds else seconds end as seconds,
        sum(plays) as plays
    from play_counts
    group by
        snapshot_date,
        case when is_play_time_repaired then 1000 * seconds else seconds end

),

play_percentiles as (

    {{ counted_percentile('delivered_counts', var('outlier_percentile')) }}

),

-- where more of them are milliseconds, the percentile lies beyond any play
play_caps as (

    select
        snapshot_date,
        least(percentile, cast({{ var('longest_play_seconds') }} as double))
            as percentile
    from play_percentiles

),

play_means as (

    select
        play_counts.snapshot_date,
        {{ exact_sum('play_counts.seconds', times='play_counts.plays') }}
        / sum(play_counts.plays) as play_seconds_mean
    from play_counts
    inner join play_caps
        on
            play_counts.snapshot_date = play_caps.snapshot_date
            and play_counts.seconds <= play_caps.percentile
    where {{ is_valid_play_time('play_counts.seconds') }}
    group by play_counts.snapshot_date

),

snapshots as (

    select distinct snapshot_date from counted_plays

),

final as (

    select
        snapshots.snapshot_date,
        song_caps.percentile as song_seconds_cap,
        song_means.song_seconds_mean,
        play_caps.percentile as play_seconds_cap,
        play_means.play_seconds_mean
    from snapshots
    left join song_caps on snapshots.snapshot_date = song_caps.snapshot_date
    left join song_means on snapshots.snapshot_date = song_means.snapshot_date
    left join play_caps on snapshots.snapshot_date = play_caps.snapshot_date
    left join play_means on snapshots.snapshot_date = play_means.snapshot_date

)

select * from final
