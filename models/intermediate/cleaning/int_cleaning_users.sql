-- How far the plays of each user get in cleaning: the last stage at which the user
-- still has one.
with cleaning_plays as (

    select * from {{ ref('int_cleaning_plays') }}

),

final as (

    select
        snapshot_date,
        user_id,
        max(last_stage_number) as last_stage_number
    from cleaning_plays
    group by snapshot_date, user_id

)

select * from final
