-- The plays in each snapshot's feature window, of whatever user, and the stage of
-- cleaning that each one reaches before a rule drops it; seed `cleaning_stages` has the
-- stages in order.
{{ config(materialized='view') }}

with plays as (

    select * from {{ ref('stg_player_logs__plays') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

),

snapshot_users as (

    select * from {{ ref('int_snapshot_users') }}

),

cleaning_outcomes as (

    select * from {{ ref('int_cleaning_outcomes') }}

),

cleaning_stages as (

    select * from {{ ref('cleaning_stages') }}

),

outcomes as (

    select
        snapshot_date,
        user_id,
        play_seconds,
        song_seconds,
        drop_reason
    from cleaning_outcomes

    union all

    select
        snapshots.snapshot_date,
        plays.user_id,
        plays.play_seconds,
        plays.song_seconds,
        'user_excluded' as drop_reason
    from plays
    inner join snapshots
        on
            plays.event_date
            between snapshots.feature_start_date and snapshots.snapshot_date
    left join snapshot_users
        on
            plays.user_id = snapshot_users.user_id
            and snapshots.snapshot_date = snapshot_users.snapshot_date
    where snapshot_users.user_id is null

),

final as (

    select
        outcomes.snapshot_date,
        outcomes.user_id,
        outcomes.play_seconds,
        outcomes.song_seconds,
        coalesce(
            cleaning_stages.stage_number - 1,
            (select max(all_stages.stage_number) from cleaning_stages as all_stages)
        ) as last_stage_number
    from outcomes
    left join cleaning_stages on outcomes.drop_reason = cleaning_stages.dropped_by

)

select * from final
