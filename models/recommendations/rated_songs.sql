-- What each user's listening, and his word where he gave it, says about a song. The
-- early rating is what was known before the last days of the feature window: from it
-- recommenders are tuned, and judged by what came in those days.
with user_songs as (

    select * from {{ ref('int_snapshot_user_songs') }}

),

feedback as (

    select * from {{ ref('known_song_feedback') }}

),

-- one song may be logged with several singers
songs as (

    select
        snapshot_date,
        user_id,
        song_id,
        sum(plays) as plays,
        sum(total_play_score) as total_play_score,
        max(best_play_score) as best_play_score,
        sum(downloads) as downloads,
        sum(late_plays) as late_plays,
        sum(plays) - sum(late_plays) as early_plays,
        sum(total_play_score) - sum(late_play_score) as early_play_score,
        sum(downloads) - sum(late_downloads) as early_downloads
    from user_songs
    where {{ is_song('song_id') }}
    group by snapshot_date, user_id, song_id

),

-- a song that somebody likes without having heard it is rated as well
joined as (

    select
        coalesce(songs.snapshot_date, feedback.snapshot_date) as snapshot_date,
        coalesce(songs.user_id, feedback.user_id) as user_id,
        coalesce(songs.song_id, feedback.song_id) as song_id,
        {%- for measure in [
            'plays', 'total_play_score', 'best_play_score', 'downloads', 'late_plays',
            'early_plays', 'early_play_score', 'early_downloads'
        ] %}
        coalesce(songs.{{ measure }}, 0) as {{ measure }},
        {%- endfor %}
        coalesce(feedback.feedback = 'like', false) as is_liked,
        coalesce(feedback.is_early_like, false) as is_early_like
    from songs
    full outer join feedback
        on
            songs.snapshot_date = feedback.snapshot_date
            and songs.user_id = feedback.user_id
            and songs.song_id = feedback.song_id
    where coalesce(feedback.feedback, 'none') <> 'dislike'

),

final as (

    select
        snapshot_date,
        user_id,
        song_id,
        cast(plays as bigint) as plays,
        cast(late_plays as bigint) as late_plays,
        cast(downloads as bigint) as downloads,
        {{ ratio('total_play_score', 'plays') }} as play_score,
        {{ song_rating('0.0', 'downloads') }} as download_score,
        {{ song_rating(ratio('total_play_score', 'plays'), 'downloads', 'is_liked') }}
            as rating,
        case
            when early_plays > 0 or early_downloads > 0 or is_early_like
                then {{ song_rating(
                    ratio('early_play_score', 'early_plays'),
                    'early_downloads',
                    'is_early_like'
                ) }}
        end as early_rating,
        is_liked,
        plays >= {{ var('dislike_minimum_plays') }}
        and best_play_score = 1
        and downloads = 0
        and not is_liked as is_skipped
    from joined

)

select * from final
