-- How many users have how many records: log10, as the study drew it, with the border
-- beyond which a user is a bot.
{%- set bins = var('histogram_bins_per_decade') %}
with window_users as (

    select * from {{ ref('int_window_users') }}

),

bot_thresholds as (

    select * from {{ ref('int_bot_thresholds') }}

),

binned as (

    select
        snapshot_date,
        cast(floor(log10(records) * {{ bins }}) as integer) as bin,
        count(*) as users
    from window_users
    where user_id <> 0
    group by snapshot_date, bin

),

final as (

    select
        binned.snapshot_date,
        binned.bin,
        cast(binned.bin as double) / {{ bins }} as log10_records_from,
        cast(binned.bin + 1 as double) / {{ bins }} as log10_records_below,
        binned.users,
        bot_thresholds.threshold_records
    from binned
    left join bot_thresholds on binned.snapshot_date = bot_thresholds.snapshot_date

)

select * from final
