-- What is offered to users whose future is unknown stands on a stage that was known on
-- that day.
with offers as (

    select * from {{ ref('churn_offers') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

)

select
    offers.snapshot_date,
    offers.stage_snapshot_date
from offers
inner join snapshots
    on
        offers.snapshot_date = snapshots.snapshot_date
        and not snapshots.is_labelled
inner join snapshots as stage_snapshots
    on offers.stage_snapshot_date = stage_snapshots.snapshot_date
where stage_snapshots.label_end_date > offers.snapshot_date
