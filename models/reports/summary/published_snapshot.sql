-- How fresh and complete the published tables are: one row.
with snapshots as (

    select * from {{ ref('snapshots') }}

),

log_days as (

    select * from {{ ref('int_log_days') }}

),

missing_deliveries as (

    select * from {{ ref('rpt_missing_deliveries') }}

),

deliveries as (

    select * from {{ ref('rpt_deliveries') }}

),

final as (

    select
        (
            select max(snapshot_date) from snapshots
            where role <> 'skipped'
        ) as latest_snapshot_date,
        (select max(event_date) from log_days) as last_log_date,
        (select count(*) from missing_deliveries) as missing_deliveries,
        (
            select count(*) > 0 from deliveries
            where file_name = '{{ var("generated_logs_marker") }}'
        ) as is_generated

)

select * from final
