-- What the evaluated users listened to where no recommender could look: in the label
-- window (temporal), or among the pairs that the fit part does not have (random). Only
-- what judges recommenders may read this.
with splits as (

    select * from {{ ref('recommendation_splits') }}

),

users as (

    select * from {{ ref('recommendation_users') }}

),

examples as (

    select * from {{ ref('recommendation_examples') }}

),

rated_songs as (

    select * from {{ ref('rated_songs') }}

),

label_songs as (

    select * from {{ ref('int_label_user_songs') }}

),

feedback as (

    select * from {{ ref('known_song_feedback') }}

),

pairs as (

    -- rated as in the feature window: a like lasts, a song that is disliked is none
    select
        label_songs.snapshot_date,
        'temporal' as split,
        label_songs.user_id,
        label_songs.song_id,
        {{ song_rating(
            ratio('label_songs.total_play_score', 'label_songs.plays'),
            'label_songs.downloads',
            "coalesce(feedback.feedback = 'like', false)"
        ) }} as rating
    from label_songs
    left join feedback
        on
            label_songs.snapshot_date = feedback.snapshot_date
            and label_songs.user_id = feedback.user_id
            and label_songs.song_id = feedback.song_id
    where coalesce(feedback.feedback, 'none') <> 'dislike'

    union all

    select
        splits.snapshot_date,
        splits.split,
        rated_songs.user_id,
        rated_songs.song_id,
        rated_songs.rating
    from splits
    inner join rated_songs on splits.snapshot_date = rated_songs.snapshot_date
    where
        splits.split = 'random'
        and {{ is_test_pair('rated_songs.user_id', 'rated_songs.song_id') }}

),

final as (

    select
        pairs.snapshot_date,
        pairs.split,
        pairs.user_id,
        pairs.song_id,
        pairs.rating,
        examples.user_id is not null as is_heard,
        pairs.rating >= {{ var('liked_rating') }} as is_relevant
    from pairs
    inner join users
        on
            pairs.snapshot_date = users.snapshot_date
            and pairs.split = users.split
            and pairs.user_id = users.user_id
            and users.is_evaluated
    left join examples
        on
            pairs.snapshot_date = examples.snapshot_date
            and pairs.split = examples.split
            and pairs.user_id = examples.user_id
            and pairs.song_id = examples.song_id

)

select * from final
