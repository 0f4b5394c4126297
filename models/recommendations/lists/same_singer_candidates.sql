-- More of the same: the most played songs of the singers whom the user listens to, a
-- singer counting as often as the user knows songs of the singer.
with users as (

    select * from {{ ref('recommendation_users') }}

),

catalogue as (

    select * from {{ ref('recommendation_catalogue') }}

),

exclusions as (

    select * from {{ ref('recommendation_exclusions') }}

),

song_names as (

    select * from {{ ref('int_song_names') }}

),

singer_songs as (

    select
        catalogue.*,
        song_names.singer,
        row_number() over (
            partition by catalogue.snapshot_date, catalogue.split, song_names.singer
            order by catalogue.popularity_rank
        ) as singer_rank
    from catalogue
    inner join song_names
        on
            catalogue.snapshot_date = song_names.snapshot_date
            and catalogue.song_id = song_names.song_id
    where song_names.singer is not null

),

user_singers as (

    select
        users.snapshot_date,
        users.split,
        users.user_id,
        song_names.singer,
        count(*) filter (where exclusions.is_rated) as rated_songs,
        count(*) as excluded_songs
    from users
    inner join exclusions
        on
            users.snapshot_date = exclusions.snapshot_date
            and users.split = exclusions.split
            and users.user_id = exclusions.user_id
    inner join song_names
        on
            exclusions.snapshot_date = song_names.snapshot_date
            and exclusions.song_id = song_names.song_id
    where users.is_evaluated and song_names.singer is not null
    group by users.snapshot_date, users.split, users.user_id, song_names.singer

),

scored as (

    select
        user_singers.snapshot_date,
        user_singers.split,
        user_singers.user_id,
        singer_songs.song_id,
        singer_songs.popularity_rank,
        cast(user_singers.rated_songs * singer_songs.plays as double) as score
    from user_singers
    inner join singer_songs
        on
            user_singers.snapshot_date = singer_songs.snapshot_date
            and user_singers.split = singer_songs.split
            and user_singers.singer = singer_songs.singer
            -- no list needs more songs of one singer
            and {{ var('candidate_count') }} + user_singers.excluded_songs
            >= singer_songs.singer_rank
    where user_singers.rated_songs > 0

),

ranked as (

    select
        scored.*,
        row_number() over (
            partition by scored.snapshot_date, scored.split, scored.user_id
            order by scored.score desc, scored.popularity_rank asc
        ) as rank
    from scored
    left join exclusions
        on
            scored.snapshot_date = exclusions.snapshot_date
            and scored.split = exclusions.split
            and scored.user_id = exclusions.user_id
            and scored.song_id = exclusions.song_id
    where exclusions.user_id is null

),

final as (

    select
        snapshot_date,
        split,
        'same_singer' as recommender,
        user_id,
        cast(rank as integer) as rank,
        song_id,
        score
    from ranked
    where rank <= {{ var('candidate_count') }}

)

select * from final
