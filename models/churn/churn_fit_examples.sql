-- What fitting may see: train users of labelled snapshots. No model that fits reads
-- anything else, so that test users cannot reach one by mistake.
with examples as (

    select * from {{ ref('churn_examples') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

),

final as (

    select
        examples.* exclude (split),
        snapshots.label_end_date
    from examples
    inner join snapshots on examples.snapshot_date = snapshots.snapshot_date
    where examples.split = 'train'

)

select * from final
