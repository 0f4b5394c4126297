-- The songs that most people play, of all days or of the last ones, without those that
-- the user knows. Everybody gets the same ranking, and among the first so many songs as
-- a list needs and the user knows there are always enough.
with users as (

    select * from {{ ref('recommendation_users') }}

),

catalogue as (

    select * from {{ ref('recommendation_catalogue') }}

),

exclusions as (

    select * from {{ ref('recommendation_exclusions') }}

),

rankings as (

    select
        snapshot_date,
        split,
        'popularity' as recommender,
        popularity_rank as song_rank,
        song_id,
        cast(plays as double) as score
    from catalogue

    union all

    select
        snapshot_date,
        split,
        'popularity_recent' as recommender,
        recent_rank as song_rank,
        song_id,
        cast(late_plays as double) as score
    from catalogue
    where split <> 'serve'

),

excluded_counts as (

    select
        snapshot_date,
        split,
        user_id,
        count(*) as songs
    from exclusions
    group by snapshot_date, split, user_id

),

places as (

    select
        users.snapshot_date,
        users.split,
        users.user_id,
        unnest(
            generate_series(
                1, {{ var('candidate_count') }} + coalesce(excluded_counts.songs, 0)
            )
        ) as song_rank
    from users
    left join excluded_counts
        on
            users.snapshot_date = excluded_counts.snapshot_date
            and users.split = excluded_counts.split
            and users.user_id = excluded_counts.user_id
    where users.is_evaluated or users.split = 'serve'

),

ranked as (

    select
        places.snapshot_date,
        places.split,
        rankings.recommender,
        places.user_id,
        row_number() over (
            partition by
                places.snapshot_date,
                places.split,
                rankings.recommender,
                places.user_id
            order by places.song_rank
        ) as rank,
        rankings.song_id,
        rankings.score
    from places
    inner join rankings
        on
            places.snapshot_date = rankings.snapshot_date
            and places.split = rankings.split
            and places.song_rank = rankings.song_rank
    left join exclusions
        on
            places.snapshot_date = exclusions.snapshot_date
            and places.split = exclusions.split
            and places.user_id = exclusions.user_id
            and rankings.song_id = exclusions.song_id
    where exclusions.user_id is null

),

final as (

    select
        snapshot_date,
        split,
        recommender,
        user_id,
        cast(rank as integer) as rank,
        song_id,
        score
    from ranked
    where rank <= {{ var('candidate_count') }}

)

select * from final
