-- What a good list would have held: the songs that a user liked where no recommender
-- could look. Discovery counts songs that were new to the user. Listening, which only
-- has a meaning where the test comes after what was learnt, counts the others as well.
with recommendation_test_pairs as (

    select * from {{ ref('recommendation_test_pairs') }}

),

final as (

    select
        snapshot_date,
        split,
        'discovery' as task,
        user_id,
        song_id
    from recommendation_test_pairs
    where is_relevant and not is_heard

    union all

    select
        snapshot_date,
        split,
        'listening' as task,
        user_id,
        song_id
    from recommendation_test_pairs
    where is_relevant and split = 'temporal'

)

select * from final
