-- What is dropped and what is filled in when the plays of a snapshot are cleaned: one
-- row per snapshot, so that no second copy of the plays is needed. Each rule looks at
-- what the last one left.
with window_plays as (

    select * from {{ ref('int_window_plays') }}

),

song_caps as (

    select
        snapshot_date,
        percentile_cont({{ var('outlier_percentile') }}) within group (
            order by case when song_seconds >= 0 then song_seconds end
        ) as song_seconds_cap
    from window_plays
    group by snapshot_date

),

-- every length is known from here on, though it may be 0 or less
within_song_cap as (

    select
        window_plays.snapshot_date,
        window_plays.song_seconds,
        window_plays.play_seconds
    from window_plays
    inner join song_caps
        on
            window_plays.snapshot_date = song_caps.snapshot_date
            and window_plays.song_seconds <= song_caps.song_seconds_cap

),

-- a play whose length cannot be filled in is dropped, and its time has no say
song_means as (

    select
        snapshot_date,
        {{ exact_sum('case when song_seconds > 0 then song_seconds end') }}
        / nullif(count(*) filter (where song_seconds > 0), 0) as song_seconds_mean
    from within_song_cap
    group by snapshot_date

),

play_caps as (

    select
        within_song_cap.snapshot_date,
        percentile_cont({{ var('outlier_percentile') }}) within group (
            order by
                case
                    when within_song_cap.play_seconds >= 0
                        then within_song_cap.play_seconds
                end
        ) as play_seconds_cap
    from within_song_cap
    inner join song_means
        on
            within_song_cap.snapshot_date = song_means.snapshot_date
            and song_means.song_seconds_mean is not null
    group by within_song_cap.snapshot_date

),

play_means as (

    select
        within_song_cap.snapshot_date,
        {{ exact_sum('within_song_cap.play_seconds') }} / count(*) as play_seconds_mean
    from within_song_cap
    inner join play_caps
        on
            within_song_cap.snapshot_date = play_caps.snapshot_date
            and within_song_cap.play_seconds <= play_caps.play_seconds_cap
    where {{ is_valid_play_time('within_song_cap.play_seconds') }}
    group by within_song_cap.snapshot_date

),

final as (

    select
        song_caps.snapshot_date,
        song_caps.song_seconds_cap,
        song_means.song_seconds_mean,
        play_caps.play_seconds_cap,
        play_means.play_seconds_mean
    from song_caps
    left join song_means on song_caps.snapshot_date = song_means.snapshot_date
    left join play_caps on song_caps.snapshot_date = play_caps.snapshot_date
    left join play_means on song_caps.snapshot_date = play_means.snapshot_date

)

select * from final
