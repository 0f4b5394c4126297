-- Features and labels of the training snapshot, with a split by user that never
-- changes.
with examples as (

    select * from {{ ref('churn_examples') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

),

final as (

    select examples.* exclude (fold, label_end_date)
    from examples
    inner join snapshots
        on
            examples.snapshot_date = snapshots.snapshot_date
            and snapshots.role = 'training'

)

select * from final
