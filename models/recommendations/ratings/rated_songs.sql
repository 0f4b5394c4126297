-- What each user's listening, and their word where they gave it, says about a song. The
-- early rating is what was known before the last days of the feature window: from it
-- recommenders are tuned, and judged by what came in those days.
with user_songs as (

    select * from {{ ref('int_snapshot_user_songs') }}

),

feedback as (

    select * from {{ ref('known_song_feedback') }}

),

songs as (

    select
        *,
        plays - late_plays as early_plays,
        total_play_score - late_play_score as early_play_score,
        downloads - late_downloads as early_downloads
    from user_songs

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
        plays,
        late_plays,
        downloads,
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
