-- The snapshots, built or skipped, with what they hold.
with candidates as (

    select * from {{ ref('int_snapshot_candidates') }}

),

snapshot_users as (

    select * from {{ ref('int_snapshot_users') }}

),

churn_labels as (

    select * from {{ ref('churn_labels') }}

),

missing_deliveries as (

    select * from {{ ref('rpt_missing_deliveries') }}

),

stopped_events as (

    select
        candidates.snapshot_date,
        {{ joined_texts('stopped.event', 'stopped.event') }} as events
    from candidates
    inner join {{ ref('int_stopped_events') }} as stopped
        on candidates.snapshot_date > stopped.last_date
    group by candidates.snapshot_date

),

users as (

    select
        snapshot_users.snapshot_date,
        count(*) as users,
        avg(cast(churn_labels.is_churned as integer)) as churn_rate
    from snapshot_users
    left join churn_labels
        on
            snapshot_users.snapshot_date = churn_labels.snapshot_date
            and snapshot_users.user_id = churn_labels.user_id
    group by snapshot_users.snapshot_date

),

missing as (

    select
        candidates.snapshot_date,
        count(distinct missing_deliveries.event_date) as missing_days
    from candidates
    inner join missing_deliveries
        on
            missing_deliveries.event_date
            between candidates.feature_start_date
            and case
                when candidates.is_labelled then candidates.label_end_date
                else candidates.snapshot_date
            end
    group by candidates.snapshot_date

),

final as (

    select
        candidates.snapshot_date,
        candidates.role,
        candidates.skip_reason,
        candidates.feature_start_date,
        candidates.label_start_date,
        candidates.label_end_date,
        candidates.is_labelled,
        coalesce(missing.missing_days, 0) as missing_days,
        candidates.missing_record_days,
        stopped_events.events as stopped_events,
        coalesce(users.users, 0) as users,
        users.churn_rate
    from candidates
    left join users on candidates.snapshot_date = users.snapshot_date
    left join missing on candidates.snapshot_date = missing.snapshot_date
    left join stopped_events
        on candidates.snapshot_date = stopped_events.snapshot_date

)

select * from final
