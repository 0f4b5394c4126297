-- Family G, beyond the study. What does the user listen to, and how widely? A user at
-- home in the catalogue comes back; one who skips from song to song has not found what
-- they came for.
with user_songs as (

    select * from {{ ref('int_snapshot_user_songs') }}

),

user_singers as (

    select * from {{ ref('int_snapshot_user_singers') }}

),

user_days as (

    select * from {{ ref('int_snapshot_user_days') }}

),

song_taste as (

    select
        snapshot_date,
        user_id,
        count(*) filter (where plays > 0) as distinct_songs,
        sum(plays) as song_plays,
        count(*) filter (
            where {{ song_rating(ratio('total_play_score', 'plays'), 'downloads') }}
            >= {{ var('liked_rating') }}
        ) as liked_songs
    from user_songs
    group by snapshot_date, user_id

),

singer_shares as (

    select
        snapshot_date,
        user_id,
        cast(plays as double)
        / cast(sum(plays) over (partition by snapshot_date, user_id) as double)
            as play_share
    from user_singers

),

singer_taste as (

    select
        snapshot_date,
        user_id,
        count(*) as distinct_singers,
        max(play_share) as top_singer_share,
        {{ exact_sum('-play_share * ln(play_share)', digits=18) }} as singer_entropy
    from singer_shares
    group by snapshot_date, user_id

),

habits as (

    select
        snapshot_date,
        user_id,
        sum(plays) as plays,
        sum(early_skips) as early_skips,
        sum(local_file_plays) as local_file_plays,
        sum(completion_billionths) as completion_billionths,
        sum(squared_completion_billionths) as squared_completion_billionths,
        sum(downloads) as downloads,
        sum(searches) as searches,
        sum(evening_searches) as evening_searches,
        sum(timed_searches) as timed_searches
    from user_days
    group by snapshot_date, user_id

),

-- where hardly a time can be read, the hour of a search is unknown, and not early
search_times as (

    select
        snapshot_date,
        sum(timed_searches)
        >= {{ var('least_readable_share') }} * sum(searches) as are_readable
    from habits
    group by snapshot_date

),

final as (

    select
        habits.snapshot_date,
        habits.user_id,
        coalesce(song_taste.distinct_songs, 0) as distinct_songs,
        coalesce(singer_taste.distinct_singers, 0) as distinct_singers,
        coalesce(singer_taste.top_singer_share, 0.0) as top_singer_share,
        coalesce(singer_taste.singer_entropy, 0.0) as singer_entropy,
        {{ ratio(
            'song_taste.song_plays - song_taste.distinct_songs', 'song_taste.song_plays'
        ) }} as repeat_play_share,
        {{ ratio('habits.early_skips', 'habits.plays') }} as early_skip_share,
        {{ population_stddev(
            'habits.plays',
            'habits.completion_billionths',
            'habits.squared_completion_billionths'
        ) }} / 1e9 as completion_stddev,
        {{ ratio('habits.local_file_plays', 'habits.plays') }} as local_file_share,
        {{ ratio('habits.searches', 'habits.plays') }} as searches_per_play,
        {{ ratio('habits.downloads', 'song_taste.distinct_songs') }}
            as downloads_per_song,
        case
            when search_times.are_readable
                then {{ ratio('habits.evening_searches', 'habits.searches') }}
        end as evening_search_share,
        coalesce(song_taste.liked_songs, 0) as liked_songs
    from habits
    inner join search_times on habits.snapshot_date = search_times.snapshot_date
    left join song_taste
        on
            habits.snapshot_date = song_taste.snapshot_date
            and habits.user_id = song_taste.user_id
    left join singer_taste
        on
            habits.snapshot_date = singer_taste.snapshot_date
            and habits.user_id = singer_taste.user_id

)

select * from final
