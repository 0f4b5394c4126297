-- The lists that the study combines by fixed weights, for the users of the utility
-- matrix: popular songs, those of similar items, and those on which both factorisations
-- agree, by their mean rank.
with recommendation_users as (

    select * from {{ ref('recommendation_users') }}

),

baseline_candidates as (

    select * from {{ ref('baseline_candidates') }}

),

recommendation_lists as (

    select * from {{ ref('recommendation_lists') }}

),

matrix_users as (

    select
        snapshot_date,
        split,
        user_id
    from recommendation_users
    where is_in_matrix and (split = 'serve' or is_evaluated)

),

single_lists as (

    select
        snapshot_date,
        split,
        user_id,
        recommender as source,
        rank as source_rank,
        song_id
    from baseline_candidates
    where recommender = 'popularity'

    union all

    select
        snapshot_date,
        split,
        user_id,
        recommender as source,
        rank as source_rank,
        song_id
    from recommendation_lists
    where recommender = 'item_item'

),

agreed_songs as (

    select
        nmf.snapshot_date,
        nmf.split,
        nmf.user_id,
        'overlap' as source,
        row_number() over (
            partition by nmf.snapshot_date, nmf.split, nmf.user_id
            order by nmf.rank + truncated_svd.rank asc, nmf.rank asc
        ) as source_rank,
        nmf.song_id
    from recommendation_lists as nmf
    inner join recommendation_lists as truncated_svd
        on
            nmf.snapshot_date = truncated_svd.snapshot_date
            and nmf.split = truncated_svd.split
            and nmf.user_id = truncated_svd.user_id
            and nmf.song_id = truncated_svd.song_id
            and nmf.recommender = 'nmf'
            and truncated_svd.recommender = 'truncated_svd'

),

sources as (

    select * from single_lists

    union all

    select * from agreed_songs

),

final as (

    select
        sources.snapshot_date,
        sources.split,
        sources.user_id,
        sources.source,
        cast(sources.source_rank as integer) as source_rank,
        sources.song_id
    from sources
    inner join matrix_users
        on
            sources.snapshot_date = matrix_users.snapshot_date
            and sources.split = matrix_users.split
            and sources.user_id = matrix_users.user_id

)

select * from final
