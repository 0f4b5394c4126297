-- How good every recommender is, and how sure that is: held out, with the interval of
-- resampled users; and in-sample, as the study printed it, which says how well a
-- factorisation remembers.
with recommender_metric_replicates as (

    select * from {{ ref('recommender_metric_replicates') }}

),

recommender_coverage as (

    select * from {{ ref('recommender_coverage') }}

),

recommendation_judged_users as (

    select * from {{ ref('recommendation_judged_users') }}

),

recommender_in_sample_errors as (

    select * from {{ ref('recommender_in_sample_errors') }}

),

measured as (

    select
        snapshot_date,
        split,
        task,
        songs,
        user_group,
        recommender,
        metric,
        k,
        max(metric_value) filter (where replicate = 0) as value,
        {{ interval_bound('metric_value', 'lower') }} as lower_bound,
        {{ interval_bound('metric_value', 'upper') }} as upper_bound,
        users
    from recommender_metric_replicates
    group by
        snapshot_date, split, task, songs, user_group, recommender, metric, k, users

    union all

    select
        snapshot_date,
        split,
        task,
        songs,
        user_group,
        recommender,
        'coverage' as metric,
        k,
        coverage as value,
        cast(null as double) as lower_bound,
        cast(null as double) as upper_bound,
        users
    from recommender_coverage

),

left_out as (

    select
        snapshot_date,
        split,
        task,
        user_group,
        count(*) filter (where not is_judged) as left_out_users
    from recommendation_judged_users
    group by snapshot_date, split, task, user_group

),

final as (

    select
        measured.*,
        left_out.left_out_users,
        cast(null as bigint) as rated_songs,
        cast(null as bigint) as factors
    from measured
    inner join left_out
        on
            measured.snapshot_date = left_out.snapshot_date
            and measured.split = left_out.split
            and measured.task = left_out.task
            and measured.user_group = left_out.user_group

    union all

    select
        snapshot_date,
        split,
        cast(null as {{ dbt.type_string() }}) as task,
        'observed' as songs,
        'matrix' as user_group,
        recommender,
        metric,
        cast(null as integer) as k,
        value,
        cast(null as double) as lower_bound,
        cast(null as double) as upper_bound,
        users,
        cast(null as bigint) as left_out_users,
        songs as rated_songs,
        factors
    from recommender_in_sample_errors

)

select * from final
