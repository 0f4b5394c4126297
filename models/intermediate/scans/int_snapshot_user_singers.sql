-- Third of the three scans: whom each user of a snapshot played (cleaned), singer by
-- singer, also in local files. A view, since one family reads it, and reads it once.
{{ config(materialized='view') }}

with cleaned_plays as (

    select * from {{ ref('int_cleaned_plays') }}

),

final as (

    select
        snapshot_date,
        user_id,
        singer,
        count(*) as plays
    from cleaned_plays
    where singer is not null
    group by snapshot_date, user_id, singer

)

select * from final
