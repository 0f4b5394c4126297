-- The snapshots that are built.
with candidates as (

    select * from {{ ref('int_snapshot_candidates') }}

),

final as (

    select
        snapshot_date,
        feature_start_date,
        label_start_date,
        label_end_date,
        role,
        is_labelled
    from candidates
    where role <> 'skipped'

)

select * from final
