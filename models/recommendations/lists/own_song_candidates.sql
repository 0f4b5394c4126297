-- What the user plays anyway, most played first. No recommendation, but what every
-- claim to know a user's listening has to beat.
with users as (

    select * from {{ ref('recommendation_users') }}
    where is_evaluated

),

examples as (

    select * from {{ ref('recommendation_examples') }}

),

catalogue as (

    select * from {{ ref('recommendation_catalogue') }}

),

dislikes as (

    select * from {{ ref('song_dislikes') }}

),

judged_examples as (

    select examples.*
    from examples
    semi join users
        on
            examples.snapshot_date = users.snapshot_date
            and examples.split = users.split
            and examples.user_id = users.user_id
    anti join dislikes
        on
            examples.snapshot_date = dislikes.snapshot_date
            and examples.user_id = dislikes.user_id
            and examples.song_id = dislikes.song_id

),

ranked as (

    select
        examples.snapshot_date,
        examples.split,
        examples.user_id,
        examples.song_id,
        cast(examples.plays as double) as score,
        row_number() over (
            partition by examples.snapshot_date, examples.split, examples.user_id
            order by
                examples.plays desc,
                examples.rating desc,
                catalogue.popularity_rank asc
        ) as rank
    from judged_examples as examples
    inner join catalogue
        on
            examples.snapshot_date = catalogue.snapshot_date
            and examples.split = catalogue.split
            and examples.song_id = catalogue.song_id

),

final as (

    select
        snapshot_date,
        split,
        'what_they_play' as recommender,
        user_id,
        cast(rank as integer) as rank,
        song_id,
        score
    from ranked
    where rank <= {{ var('candidate_count') }}

)

select * from final
