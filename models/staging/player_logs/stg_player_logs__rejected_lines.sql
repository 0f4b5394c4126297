-- Every physical line that is part of no record, and why. Regular lines are read again
-- only from the deliveries that have some without a valid uid.
{%- set has_lines_without_user %}
    delivery_id in (
        select counts.delivery_id
        from {{ ref('stg_player_logs__delivery_counts') }} as counts
        where counts.regular_lines_not_staged > 0
    )
{%- endset %}
with irregular_lines as (

    select * from {{ ref('stg_player_logs__irregular_lines') }}

),

{% for event, fields in var('log_fields').items() %}
{{ event }}_lines as (

    {{ read_deliveries(event, has_lines_without_user) }}

),

{% endfor %}
rejected as (

    select
        delivery_id,
        line_number,
        rejection_reason,
        line_text
    from irregular_lines
    where rejection_reason is not null
    {% for event, fields in var('log_fields').items() %}
    union all

    select
        {{ event }}_lines.delivery_id,
        {{ event }}_lines.line_number,
        'uid_invalid' as rejection_reason,
        concat_ws(
            chr(9),
            {%- for field in fields %}
            coalesce({{ event }}_lines.{{ field }}, ''){{ ',' if not loop.last }}
            {%- endfor %}
        ) as line_text
    from {{ event }}_lines
    -- the empty fields that stand in for an irregular line in the copy are not a line
    left join irregular_lines
        on
            {{ event }}_lines.delivery_id = irregular_lines.delivery_id
            and {{ event }}_lines.line_number = irregular_lines.line_number
    where
        not {{ is_user_id(event ~ '_lines.uid') }}
        and irregular_lines.line_number is null
    {% endfor %}
),

final as (

    select
        rejected.delivery_id,
        rejected.line_number,
        deliveries.file_name,
        deliveries.event,
        deliveries.event_date,
        rejected.rejection_reason,
        rejected.line_text
    from rejected
    inner join {{ ref('stg_player_logs__deliveries') }} as deliveries
        on
            rejected.delivery_id = deliveries.delivery_id
            and deliveries.status = 'accepted'

)

select * from final
