-- Do churned users hear other songs in their last days than staying users do? So many
-- songs are tested that some look unusual by chance: the q-value counts them in.
with sums as (

    select * from {{ ref('songs_before_churn_sums') }}

),

p_values as (

    select * from {{ ref('songs_before_churn_p_values') }}

),

song_names as (

    select * from {{ ref('int_song_names') }}

),

final as (

    select
        cast(sums.snapshot_date as date) as snapshot_date,
        cast(sums.song_id as bigint) as song_id,
        cast(song_names.song_name as {{ dbt.type_string() }}) as song_name,
        cast(song_names.singer as {{ dbt.type_string() }}) as singer,
        cast(
            row_number() over (
                partition by sums.snapshot_date
                order by sums.z_statistic desc, sums.song_id asc
            ) as bigint
        ) as rank,
        count(*) over (partition by sums.snapshot_date) as tested_songs,
        cast(sums.listeners as bigint) as listeners,
        cast(sums.churned_listeners as bigint) as churned_listeners,
        cast(sums.expected_churned_listeners as double) as expected_churned_listeners,
        cast(sums.odds_ratio as double) as odds_ratio,
        cast(sums.z_statistic as double) as z_statistic,
        cast(p_values.p_value as double) as p_value,
        cast(p_values.q_value as double) as q_value,
        -- an odds ratio above 1, which may be infinite
        sums.z_statistic > 0
        and p_values.q_value <= {{ var('false_discovery_rate') }} as is_over_represented
    from sums
    inner join p_values
        on
            sums.snapshot_date = cast(p_values.snapshot_date as date)
            and sums.song_id = p_values.song_id
    inner join song_names
        on
            sums.snapshot_date = song_names.snapshot_date
            and sums.song_id = song_names.song_id

)

select * from final
