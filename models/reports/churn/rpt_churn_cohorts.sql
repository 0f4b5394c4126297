-- Churn by the week in which a user was first seen: do early users stay longer? Every
-- user of a snapshot has been seen by then, so the first day, too, is known by the
-- snapshot.
with churn_labels as (

    select * from {{ ref('churn_labels') }}

),

user_days as (

    select * from {{ ref('int_user_days') }}

),

user_features as (

    select * from {{ ref('user_features') }}

),

first_days as (

    select
        user_id,
        min(event_date) as first_event_date
    from user_days
    group by user_id

),

labelled_users as (

    select
        churn_labels.snapshot_date,
        {{ week_start('first_days.first_event_date') }} as first_seen_week_date,
        user_features.active_days_30d,
        churn_labels.is_churned
    from churn_labels
    inner join user_features
        on
            churn_labels.snapshot_date = user_features.snapshot_date
            and churn_labels.user_id = user_features.user_id
    inner join first_days on churn_labels.user_id = first_days.user_id

),

final as (

    select
        snapshot_date,
        first_seen_week_date,
        count(*) as users,
        count(*) filter (where is_churned) as churned_users,
        {{ ratio('count(*) filter (where is_churned)', 'count(*)') }} as churn_rate,
        {{ ratio('sum(active_days_30d)', 'count(*)') }} as mean_active_days
    from labelled_users
    group by snapshot_date, first_seen_week_date

)

select * from final
