-- What the users of the training snapshot heard in their last days, and the stratum in
-- which each of them is compared. Days count back from the user's own last one, so
-- that churned and staying users are looked at alike.
with snapshots as (

    select * from {{ ref('int_snapshots') }}

),

user_days as (

    select * from {{ ref('int_snapshot_user_days') }}

),

churn_labels as (

    select * from {{ ref('churn_labels') }}

),

cleaned_plays as (

    select * from {{ ref('int_cleaned_plays') }}

),

users as (

    select
        churn_labels.snapshot_date,
        churn_labels.user_id,
        churn_labels.is_churned,
        max(user_days.event_date) as last_active_date
    from churn_labels
    inner join snapshots on churn_labels.snapshot_date = snapshots.snapshot_date
    inner join user_days
        on
            churn_labels.snapshot_date = user_days.snapshot_date
            and churn_labels.user_id = user_days.user_id
    where snapshots.role = 'training'
    group by
        churn_labels.snapshot_date, churn_labels.user_id, churn_labels.is_churned

),

user_songs as (

    select distinct
        users.snapshot_date,
        users.user_id,
        users.is_churned,
        users.last_active_date,
        cleaned_plays.song_id
    from users
    inner join cleaned_plays
        on
            users.snapshot_date = cleaned_plays.snapshot_date
            and users.user_id = cleaned_plays.user_id
            and {{ in_last_days(
                'cleaned_plays.event_date',
                var('last_days_before_churn'),
                'users.last_active_date'
            ) }}
    where {{ is_song('cleaned_plays.song_id') }}

),

final as (

    select
        snapshot_date,
        user_id,
        song_id,
        -- binary digits of the number of songs: a band for each power of two
        length(bin(count(*) over (partition by snapshot_date, user_id)))
            as song_count_band,
        is_churned,
        last_active_date
    from user_songs

)

select * from final
