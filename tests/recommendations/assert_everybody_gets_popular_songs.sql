-- Every served user has a full list of popular songs, whatever else fails, unless they
-- know nearly all of the catalogue.
with users as (

    select * from {{ ref('recommendation_users') }}

),

popularity as (

    select
        snapshot_date,
        split,
        user_id,
        count(*) as songs
    from {{ ref('popularity_candidates') }}
    where recommender = 'popularity'
    group by snapshot_date, split, user_id

),

catalogue as (

    select
        snapshot_date,
        split,
        count(*) as songs
    from {{ ref('recommendation_catalogue') }}
    group by snapshot_date, split

),

exclusions as (

    select
        snapshot_date,
        split,
        user_id,
        count(*) as songs
    from {{ ref('recommendation_exclusions') }}
    group by snapshot_date, split, user_id

)

select
    users.split,
    users.user_id,
    popularity.songs
from users
inner join catalogue
    on users.snapshot_date = catalogue.snapshot_date and users.split = catalogue.split
left join popularity
    on
        users.snapshot_date = popularity.snapshot_date
        and users.split = popularity.split
        and users.user_id = popularity.user_id
left join exclusions
    on
        users.snapshot_date = exclusions.snapshot_date
        and users.split = exclusions.split
        and users.user_id = exclusions.user_id
where
    (users.split = 'serve' or users.is_evaluated)
    and coalesce(popularity.songs, 0)
    < least(
        {{ var('candidate_count') }}, catalogue.songs - coalesce(exclusions.songs, 0)
    )
