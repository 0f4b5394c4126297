-- The singers that tell a cluster of users from the others: whose songs it plays most
-- beyond their share of everybody's plays. The most played ones would be the same
-- everywhere.
with user_cluster_members as (

    select * from {{ ref('user_cluster_members') }}

),

user_song_ratings as (

    select * from {{ ref('user_song_ratings') }}

),

songs as (

    select * from {{ ref('songs') }}

),

singer_plays as (

    select
        members.snapshot_date,
        members.cluster,
        songs.singer,
        sum(ratings.plays) as plays
    from user_cluster_members as members
    inner join user_song_ratings as ratings
        on
            members.snapshot_date = ratings.snapshot_date
            and members.user_id = ratings.user_id
    inner join songs
        on
            ratings.snapshot_date = songs.snapshot_date
            and ratings.song_id = songs.song_id
    where songs.singer is not null
    group by members.snapshot_date, members.cluster, songs.singer

),

shares as (

    select
        *,
        {{ ratio(
            'plays', 'sum(plays) over (partition by snapshot_date, cluster)'
        ) }} as play_share,
        {{ ratio(
            'sum(plays) over (partition by snapshot_date, singer)',
            'sum(plays) over (partition by snapshot_date)'
        ) }} as usual_share
    from singer_plays

),

final as (

    select
        snapshot_date,
        cluster,
        row_number() over (
            partition by snapshot_date, cluster
            order by play_share - usual_share desc, plays desc, singer asc
        ) as singer_rank,
        singer,
        play_share,
        usual_share
    from shares
    where play_share > usual_share
    qualify singer_rank <= {{ var('cluster_singers') }}

)

select * from final
