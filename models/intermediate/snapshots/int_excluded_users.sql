-- Who is left out of a snapshot, and by which rule; one rule is one CTE, and the first
-- that holds is named.
with window_users as (

    select * from {{ ref('int_window_users') }}

),

bot_thresholds as (

    select * from {{ ref('int_bot_thresholds') }}

),

listed_users as (

    select * from {{ ref('excluded_users') }}

),

anonymous as (

    select
        snapshot_date,
        user_id,
        1 as rule_rank,
        'anonymous' as reason
    from window_users
    where user_id = 0

),

listed as (

    select
        window_users.snapshot_date,
        window_users.user_id,
        2 as rule_rank,
        'listed: ' || listed_users.reason as reason
    from window_users
    inner join listed_users on window_users.user_id = listed_users.user_id

),

bots as (

    select
        window_users.snapshot_date,
        window_users.user_id,
        3 as rule_rank,
        'bot' as reason
    from window_users
    inner join bot_thresholds
        on
            window_users.snapshot_date = bot_thresholds.snapshot_date
            and window_users.records > bot_thresholds.threshold_records
    where window_users.user_id <> 0

),

beyond_human as (

    select
        snapshot_date,
        user_id,
        4 as rule_rank,
        'beyond_human' as reason
    from window_users
    where
        user_id <> 0
        and busiest_day_records > {{ var('human_daily_records') }}

),

all_rules as (

    select * from anonymous
    union all
    select * from listed
    union all
    select * from bots
    union all
    select * from beyond_human

),

first_rule as (

    select *
    from all_rules
    qualify
        row_number() over (
            partition by snapshot_date, user_id order by rule_rank
        ) = 1

),

final as (

    select
        first_rule.snapshot_date,
        first_rule.user_id,
        window_users.records,
        bot_thresholds.threshold_records,
        first_rule.reason
    from first_rule
    inner join window_users
        on
            first_rule.snapshot_date = window_users.snapshot_date
            and first_rule.user_id = window_users.user_id
    left join bot_thresholds on first_rule.snapshot_date = bot_thresholds.snapshot_date

)

select * from final
