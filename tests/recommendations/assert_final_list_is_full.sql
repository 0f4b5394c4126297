-- Every user of the scoring snapshot has as many songs in each context as a list holds,
-- or all of the catalogue that they neither have heard nor dislike.
with known_songs as (

    select
        snapshot_date,
        user_id,
        song_id
    from {{ ref('recommendation_examples') }}
    where split = 'serve'
    union distinct
    select
        snapshot_date,
        user_id,
        song_id
    from {{ ref('song_dislikes') }}

),

catalogue as (

    select
        snapshot_date,
        song_id,
        count(*) over (partition by snapshot_date) as songs
    from {{ ref('recommendation_catalogue') }}
    where split = 'serve'

),

known_counts as (

    select
        known_songs.snapshot_date,
        known_songs.user_id,
        count(*) as songs
    from known_songs
    inner join catalogue
        on
            known_songs.snapshot_date = catalogue.snapshot_date
            and known_songs.song_id = catalogue.song_id
    group by known_songs.snapshot_date, known_songs.user_id

),

catalogue_counts as (

    select
        snapshot_date,
        count(*) as songs
    from catalogue
    group by snapshot_date

),

expected as (

    select
        splits.snapshot_date,
        users.user_id,
        contexts.context,
        least(
            {{ var('recommended_songs') }},
            coalesce(catalogue_counts.songs, 0) - coalesce(known_counts.songs, 0)
        ) as songs
    from {{ ref('recommendation_splits') }} as splits
    inner join {{ ref('int_snapshot_users') }} as users
        on
            splits.snapshot_date = users.snapshot_date
            and splits.split = 'serve'
    cross join (
        values ('any'), ('weekday'), ('weekend')
    ) as contexts (context)
    left join catalogue_counts
        on splits.snapshot_date = catalogue_counts.snapshot_date
    left join known_counts
        on
            users.snapshot_date = known_counts.snapshot_date
            and users.user_id = known_counts.user_id

),

actual as (

    select
        snapshot_date,
        user_id,
        context,
        count(*) as songs,
        max(rank) as last_rank
    from {{ ref('recommendations') }}
    group by snapshot_date, user_id, context

)

select
    snapshot_date,
    user_id,
    context,
    expected.songs as expected_songs,
    actual.songs as actual_songs,
    actual.last_rank
from expected
full join actual using (snapshot_date, user_id, context)
where
    coalesce(expected.songs, 0) <> coalesce(actual.songs, 0)
    or actual.last_rank <> actual.songs
