-- Who is left out of which snapshot, and why.
with excluded_users as (

    select * from {{ ref('int_excluded_users') }}

),

final as (

    select
        snapshot_date,
        user_id,
        records,
        threshold_records,
        reason
    from excluded_users

)

select * from final
