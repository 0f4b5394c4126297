-- The songs that most people play, of all days or of the last ones, without those that
-- the user knows. Everybody gets the same ranking, from which a list takes whole runs:
-- what lies between two songs that the user knows.
with users as (

    select * from {{ ref('recommendation_users') }}
    where is_evaluated or split = 'serve'

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

recommenders as (

    select distinct
        split,
        recommender
    from rankings

),

-- before the first run no song is known, which is one row for everybody
borders as (

    select
        users.snapshot_date,
        users.split,
        recommenders.recommender,
        users.user_id,
        0 as song_rank
    from users
    inner join recommenders on users.split = recommenders.split

    union all

    select
        exclusions.snapshot_date,
        exclusions.split,
        rankings.recommender,
        exclusions.user_id,
        rankings.song_rank
    from exclusions
    inner join rankings
        on
            exclusions.snapshot_date = rankings.snapshot_date
            and exclusions.split = rankings.split
            and exclusions.song_id = rankings.song_id
    semi join users
        on
            exclusions.snapshot_date = users.snapshot_date
            and exclusions.split = users.split
            and exclusions.user_id = users.user_id

),

runs as (

    select
        *,
        row_number() over (
            partition by snapshot_date, split, recommender, user_id
            order by song_rank
        ) - 1 as known_songs,
        lead(song_rank) over (
            partition by snapshot_date, split, recommender, user_id
            order by song_rank
        ) as next_song_rank
    from borders

),

places as (

    select
        *,
        -- after the last known song a list is filled to its end
        {{ series(
            'song_rank - known_songs + 1',
            'least(next_song_rank - 1 - known_songs, ' ~ var('candidate_count') ~ ')'
        ) }} as rank
    from runs
    where {{ var('candidate_count') }} > song_rank - known_songs

),

final as (

    select
        places.snapshot_date,
        places.split,
        places.recommender,
        places.user_id,
        cast(places.rank as integer) as rank,
        rankings.song_id,
        rankings.score
    from places
    inner join rankings
        on
            places.snapshot_date = rankings.snapshot_date
            and places.split = rankings.split
            and places.recommender = rankings.recommender
            and places.rank + places.known_songs = rankings.song_rank

)

select * from final
