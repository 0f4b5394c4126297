-- What may be offered to the users of each snapshot. The stage is the latest that was
-- known on the snapshot date; only a labelled snapshot with none before it is judged by
-- its own, so that the first ones can be judged at all. Where no stage is known, the
-- stricter rules of the revenue stage hold.
with snapshots as (

    select * from {{ ref('int_snapshots') }}

),

stages as (

    select * from {{ ref('churn_stages') }}

),

stage_actions as (

    select * from {{ ref('churn_stage_actions') }}

),

known_stages as (

    select
        snapshots.snapshot_date,
        coalesce(
            max(stages.snapshot_date) filter (
                where stages.label_end_date <= snapshots.snapshot_date
            ),
            max(stages.snapshot_date) filter (
                where stages.snapshot_date = snapshots.snapshot_date
            )
        ) as stage_snapshot_date
    from snapshots
    left join stages on snapshots.snapshot_date >= stages.snapshot_date
    group by snapshots.snapshot_date

),

final as (

    select
        known_stages.snapshot_date,
        stage_actions.is_paying,
        stage_actions.action,
        stage_actions.success_rate,
        stage_actions.customer_value,
        stage_actions.cost,
        stage_actions.stage,
        known_stages.stage_snapshot_date
    from known_stages
    left join stages on known_stages.stage_snapshot_date = stages.snapshot_date
    inner join stage_actions
        on coalesce(stages.stage, 'revenue') = stage_actions.stage

)

select * from final
