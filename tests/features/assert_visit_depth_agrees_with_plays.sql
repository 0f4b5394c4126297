-- What is said of single and multi-play days agrees with the counts of plays and active
-- days: without a multi-play day, every play had its day to itself; and no multi-play
-- day is later than the last play.
with user_features as (

    select * from {{ ref('user_features') }}

)

select *
from user_features
where
    plays_last_active_day > plays_30d
    or single_play_days_30d > plays_30d
    or (days_since_last_multi_play_day is null) <> (single_play_days_30d = plays_30d)
    or days_since_last_multi_play_day < days_since_last_play
    or active_days_since_multi_play_day > active_days_30d
    or (
        active_days_since_multi_play_day = active_days_30d
        and days_since_last_multi_play_day is not null
    )
    or (active_days_since_multi_play_day = 0)
    <> (coalesce(days_since_last_multi_play_day, -1) = days_since_last_event)
