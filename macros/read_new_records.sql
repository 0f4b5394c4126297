{#-
    The records of one event, as text, of deliveries that are new since the last build:
    regular lines from the files and repaired lines, in one shape (delivery_id,
    event_date, line_number, fields).
-#}
{% macro read_new_records(event) %}
    {%- set fields = var('log_fields')[event] -%}
    {%- set is_new = is_new_delivery() %}
    select * from ({{ read_deliveries(event, is_new) }}) as regular_lines

    union all

    select
        delivery_id,
        event_date,
        line_number,
        {%- for field in fields %}
        nullif(split_part(record_text, chr(9), {{ loop.index }}), '') as {{ field }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_player_logs__irregular_lines') }}
    where event = '{{ event }}' and record_text is not null and {{ is_new }}
{% endmacro %}
