-- What must not be recommended to a user: what they have heard in the fit part, and
-- what they said they dislike. What they heard in the test part is not here: nothing
-- that makes recommendations may know it.
{{ config(materialized='view') }}

with splits as (

    select * from {{ ref('recommendation_splits') }}

),

examples as (

    select * from {{ ref('recommendation_examples') }}

),

dislikes as (

    select * from {{ ref('song_dislikes') }}

),

final as (

    select
        snapshot_date,
        split,
        user_id,
        song_id,
        true as is_rated
    from examples

    union all

    select
        splits.snapshot_date,
        splits.split,
        dislikes.user_id,
        dislikes.song_id,
        false as is_rated
    from splits
    inner join dislikes on splits.snapshot_date = dislikes.snapshot_date
    -- a song that was skipped was heard
    where dislikes.reason = 'feedback'

)

select * from final
