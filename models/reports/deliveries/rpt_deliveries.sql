-- What came, and what became of every line of it.
{%- set reasons = [
    'empty_line', 'uid_invalid', 'too_few_fields', 'too_many_fields', 'ambiguous_join',
    'line_too_long', 'forgotten'
] %}
with deliveries as (

    select * from {{ ref('stg_player_logs__deliveries') }}

),

delivery_counts as (

    select * from {{ ref('stg_player_logs__delivery_counts') }}

),

rejected as (

    select
        delivery_id,
        count(*) as lines,
        {%- for reason in reasons %}
        count(*) filter (where rejection_reason = '{{ reason }}') as {{ reason }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ ref('stg_player_logs__rejected_lines') }}
    group by delivery_id

),

final as (

    select
        deliveries.file_name,
        deliveries.delivery,
        deliveries.event,
        deliveries.event_date,
        deliveries.part,
        deliveries.status,
        deliveries.remark,
        deliveries.container,
        deliveries.encoding,
        deliveries.file_bytes,
        deliveries.content_sha256,
        deliveries.lines,
        coalesce(delivery_counts.accepted_lines, 0) as accepted_lines,
        coalesce(delivery_counts.repaired_lines, 0) as repaired_lines,
        coalesce(delivery_counts.repaired_play_times, 0) as repaired_play_times,
        coalesce(rejected.lines, 0) as rejected_lines,
        case
            when deliveries.status in ('duplicate', 'superseded') then deliveries.lines
            else 0
        end as set_aside_lines,
        coalesce(delivery_counts.records, 0) as records,
        {%- for reason in reasons %}
        coalesce(rejected.{{ reason }}, 0) as rejected_{{ reason }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from deliveries
    left join delivery_counts
        on
            deliveries.delivery_id = delivery_counts.delivery_id
            and deliveries.status = 'accepted'
    left join rejected
        on
            deliveries.delivery_id = rejected.delivery_id
            and deliveries.status = 'accepted'

)

select * from final
