-- Is one recommender better than another, or luckier? Both are measured on the same
-- resamples of the same users.
with recommender_metric_replicates as (

    select * from {{ ref('recommender_metric_replicates') }}

),

differences as (

    select
        measured.snapshot_date,
        measured.split,
        measured.task,
        measured.songs,
        measured.user_group,
        measured.recommender,
        other.recommender as compared_with,
        measured.metric,
        measured.k,
        measured.replicate,
        measured.metric_value - other.metric_value as metric_difference,
        measured.users
    from recommender_metric_replicates as measured
    inner join recommender_metric_replicates as other
        on
            measured.snapshot_date = other.snapshot_date
            and measured.split = other.split
            and measured.task = other.task
            and measured.user_group = other.user_group
            and measured.metric = other.metric
            and measured.k = other.k
            and measured.replicate = other.replicate
            and measured.recommender <> other.recommender

),

intervals as (

    select
        snapshot_date,
        split,
        task,
        songs,
        user_group,
        recommender,
        compared_with,
        metric,
        k,
        max(metric_difference) filter (where replicate = 0) as difference,
        {{ interval_bound('metric_difference', 'lower') }} as lower_bound,
        {{ interval_bound('metric_difference', 'upper') }} as upper_bound,
        users
    from differences
    group by
        snapshot_date, split, task, songs, user_group, recommender, compared_with,
        metric, k, users

),

final as (

    select
        snapshot_date,
        split,
        task,
        songs,
        user_group,
        recommender,
        compared_with,
        metric,
        k,
        difference,
        lower_bound,
        upper_bound,
        coalesce(lower_bound > 0 or upper_bound < 0, false) as is_significant,
        users
    from intervals

)

select * from final
