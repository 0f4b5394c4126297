-- The users of each split: who is in the utility matrix, and by whom recommenders are
-- judged. Those with few songs get popular ones.
with splits as (

    select * from {{ ref('recommendation_splits') }}

),

snapshot_users as (

    select * from {{ ref('int_snapshot_users') }}

),

examples as (

    select * from {{ ref('recommendation_examples') }}

),

song_counts as (

    select
        snapshot_date,
        split,
        user_id,
        count(*) as songs
    from examples
    group by snapshot_date, split, user_id

),

final as (

    select
        splits.snapshot_date,
        splits.split,
        snapshot_users.user_id,
        coalesce(song_counts.songs, 0) as songs,
        coalesce(song_counts.songs, 0) > {{ var('matrix_minimum_songs') }}
            as is_in_matrix,
        splits.split <> 'serve'
        and row_number() over (
            partition by splits.snapshot_date, splits.split
            order by
                {{ hash_fraction(
                    'snapshot_users.user_id', 'recommendation_evaluation'
                ) }},
                snapshot_users.user_id
        ) <= {{ var('evaluation_users') }} as is_evaluated
    from splits
    inner join snapshot_users on splits.snapshot_date = snapshot_users.snapshot_date
    left join song_counts
        on
            splits.snapshot_date = song_counts.snapshot_date
            and splits.split = song_counts.split
            and snapshot_users.user_id = song_counts.user_id

)

select * from final
