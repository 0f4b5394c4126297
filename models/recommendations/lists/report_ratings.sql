-- The ratings that in-sample errors are taken on: all songs of as many users of the
-- utility matrix as the study had.
with splits as (

    select * from {{ ref('recommendation_splits') }}

),

recommendation_users as (

    select * from {{ ref('recommendation_users') }}

),

user_song_ratings as (

    select * from {{ ref('user_song_ratings') }}

),

ranked_users as (

    select
        recommendation_users.snapshot_date,
        recommendation_users.user_id,
        row_number() over (
            partition by recommendation_users.snapshot_date
            order by
                {{ hash_fraction('recommendation_users.user_id', 'report_users') }},
                recommendation_users.user_id
        ) as user_rank
    from recommendation_users
    inner join splits
        on
            recommendation_users.snapshot_date = splits.snapshot_date
            and recommendation_users.split = splits.split
    where splits.split = 'temporal' and recommendation_users.is_in_matrix

),

final as (

    select
        ranked_users.snapshot_date,
        ranked_users.user_id,
        user_song_ratings.song_id,
        user_song_ratings.rating
    from ranked_users
    inner join user_song_ratings
        on
            ranked_users.snapshot_date = user_song_ratings.snapshot_date
            and ranked_users.user_id = user_song_ratings.user_id
    where ranked_users.user_rank <= {{ var('report_users') }}

)

select * from final
