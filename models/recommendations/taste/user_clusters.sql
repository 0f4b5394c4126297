-- Who listens alike: clusters of users by taste, how large they are, what tells them
-- apart, and which recommender is listened to for them.
with user_cluster_members as (

    select * from {{ ref('user_cluster_members') }}

),

recommendation_users as (

    select * from {{ ref('recommendation_users') }}

),

user_features as (

    select * from {{ ref('user_features') }}

),

user_cluster_singers as (

    select * from {{ ref('user_cluster_singers') }}

),

user_cluster_weights as (

    select * from {{ ref('user_cluster_weights') }}

),

traits as (

    select
        members.snapshot_date,
        members.cluster,
        count(*) as users,
        {{ ratio('sum(users.songs)', 'count(*)') }} as mean_songs,
        {{ ratio('sum(features.plays_30d)', 'count(*)') }} as mean_plays,
        {{ ratio('sum(features.active_days_30d)', 'count(*)') }} as mean_active_days,
        {{ ratio(exact_sum('features.weekend_play_share'), 'count(*)') }}
            as weekend_play_share,
        {{ ratio('count(*) filter (where features.is_paying)', 'count(*)') }}
            as paying_share
    from user_cluster_members as members
    inner join recommendation_users as users
        on
            members.snapshot_date = users.snapshot_date
            and members.user_id = users.user_id
            and users.split = 'serve'
    inner join user_features as features
        on
            members.snapshot_date = features.snapshot_date
            and members.user_id = features.user_id
    group by members.snapshot_date, members.cluster

),

singers as (

    select
        snapshot_date,
        cluster,
        {{ joined_texts('singer', 'singer_rank') }} as top_singers
    from user_cluster_singers
    group by snapshot_date, cluster

),

weights as (

    select
        snapshot_date,
        cluster,
        {{ joined_texts(
            "recommender || ' ' || " ~ plain_number('weight'),
            'weight desc, recommender asc'
        ) }} as blend
    from user_cluster_weights
    where weight <> 0
    group by snapshot_date, cluster

),

final as (

    select
        traits.snapshot_date,
        cast(traits.cluster as integer) as cluster,
        traits.users,
        {{ ratio(
            'traits.users', 'sum(traits.users) over (partition by traits.snapshot_date)'
        ) }} as user_share,
        traits.mean_songs,
        traits.mean_plays,
        traits.mean_active_days,
        traits.weekend_play_share,
        traits.paying_share,
        singers.top_singers,
        weights.blend
    from traits
    left join singers
        on
            traits.snapshot_date = singers.snapshot_date
            and traits.cluster = singers.cluster
    left join weights
        on
            traits.snapshot_date = weights.snapshot_date
            and traits.cluster = weights.cluster

)

select * from final
