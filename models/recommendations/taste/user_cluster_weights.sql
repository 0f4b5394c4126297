-- What each recommender counts in a cluster's blend: the cluster's own weights where it
-- has any, else those of everyone.
with user_cluster_members as (

    select * from {{ ref('user_cluster_members') }}

),

blend_weights as (

    select * from {{ ref('blend_weights') }}

),

clusters as (

    select distinct
        snapshot_date,
        cluster
    from user_cluster_members

),

weighted as (

    select
        clusters.snapshot_date,
        clusters.cluster,
        blend_weights.recommender,
        blend_weights.weight,
        blend_weights.cluster is null as is_common,
        bool_and(blend_weights.cluster is null) over (
            partition by clusters.snapshot_date, clusters.cluster
        ) as has_only_common
    from clusters
    inner join blend_weights
        on
            clusters.snapshot_date = blend_weights.snapshot_date
            and blend_weights.split = 'serve'
            and clusters.cluster = coalesce(blend_weights.cluster, clusters.cluster)

),

final as (

    select
        snapshot_date,
        cluster,
        recommender,
        weight
    from weighted
    where is_common = has_only_common

)

select * from final
