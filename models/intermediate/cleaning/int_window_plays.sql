-- The plays of each snapshot's users in its feature window, as delivered. A view: a
-- play belongs to as many snapshots as have it in their windows, and is stored once, in
-- staging.
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

final as (

    select
        snapshot_users.snapshot_date,
        snapshot_users.user_id,
        plays.event_date,
        plays.song_id,
        plays.singer,
        plays.play_seconds,
        plays.is_play_time_repaired,
        plays.song_seconds
    from plays
    inner join snapshots
        on
            plays.event_date
            between snapshots.feature_start_date and snapshots.snapshot_date
    inner join snapshot_users
        on
            plays.user_id = snapshot_users.user_id
            and snapshots.snapshot_date = snapshot_users.snapshot_date

)

select * from final
