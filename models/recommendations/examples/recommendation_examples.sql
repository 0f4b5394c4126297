-- What recommenders learn from: the fit part of each split. Whatever is without a
-- tuning rating is the validation part, on which a recommender's settings are chosen
-- before it is fitted on all. Test pairs are not here.
with splits as (

    select * from {{ ref('recommendation_splits') }}

),

rated_songs as (

    select * from {{ ref('rated_songs') }}

),

-- the last days validate
chronological as (

    select
        splits.snapshot_date,
        splits.split,
        rated_songs.user_id,
        rated_songs.song_id,
        rated_songs.rating,
        rated_songs.early_rating as tuning_rating,
        rated_songs.plays,
        rated_songs.late_plays
    from splits
    inner join rated_songs on splits.snapshot_date = rated_songs.snapshot_date
    where splits.split in ('serve', 'temporal')

),

-- pairs drawn by hash validate; others, drawn before, are the test
drawn as (

    select
        splits.snapshot_date,
        splits.split,
        rated_songs.user_id,
        rated_songs.song_id,
        rated_songs.rating,
        case
            when
                {{ hash_fraction(
                    "rated_songs.user_id || ':' || rated_songs.song_id",
                    'recommendation_validation'
                ) }}
                >= {{ var('validation_fraction') }}
                then rated_songs.rating
        end as tuning_rating,
        rated_songs.plays,
        rated_songs.late_plays
    from splits
    inner join rated_songs on splits.snapshot_date = rated_songs.snapshot_date
    where
        splits.split = 'random'
        and not {{ is_test_pair('rated_songs.user_id', 'rated_songs.song_id') }}

),

final as (

    select * from chronological

    union all

    select * from drawn

)

select * from final
