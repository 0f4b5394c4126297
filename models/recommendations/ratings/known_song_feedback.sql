-- What users have said about songs, as far as it was known on each snapshot date: the
-- latest word counts. On one day a dislike counts more than a like, since a song that
-- somebody dislikes does more harm in a list than one that is missing.
with song_feedback as (

    select * from {{ ref('song_feedback') }}

),

snapshot_users as (

    select * from {{ ref('int_snapshot_users') }}

),

daily_feedback as (

    select
        user_id,
        song_id,
        feedback_date,
        -- in the order of the alphabet, too, a dislike comes before a like
        min(feedback) as feedback
    from song_feedback
    where {{ is_song('song_id') }}
    group by user_id, song_id, feedback_date

),

final as (

    select
        snapshot_users.snapshot_date,
        snapshot_users.user_id,
        daily_feedback.song_id,
        max_by(daily_feedback.feedback, daily_feedback.feedback_date) as feedback,
        coalesce(
            max_by(daily_feedback.feedback, daily_feedback.feedback_date) filter (
                where daily_feedback.feedback_date <= {{ add_days(
                    'snapshot_users.snapshot_date', -var('validation_days')
                ) }}
            ) = 'like',
            false
        ) as is_early_like
    from snapshot_users
    inner join daily_feedback
        on
            snapshot_users.user_id = daily_feedback.user_id
            and snapshot_users.snapshot_date >= daily_feedback.feedback_date
    group by
        snapshot_users.snapshot_date,
        snapshot_users.user_id,
        daily_feedback.song_id

)

select * from final
