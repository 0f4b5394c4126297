-- Features and labels of the training snapshot, with a split by user that never
-- changes.
with examples as (

    select * from {{ ref('churn_examples') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

),

final as (

    select {{ all_columns_but('fold, label_end_date') }}
    from examples
    where
        snapshot_date in (
            select snapshots.snapshot_date from snapshots
            where snapshots.role = 'training'
        )

)

select * from final
