{#-
    The regular lines of deliveries as text: delivery_id, event_date, line_number, from
    1, then the event's fields.

    `condition` picks the deliveries by a predicate over `stg_player_logs__deliveries`.
-#}
{% macro read_deliveries(event, condition) %}
    {%- set deliveries = ref('stg_player_logs__deliveries') -%}
    {%- set fields = var('log_fields')[event] -%}
    {%- set files = [] -%}
    {%- if execute and load_relation(deliveries) is not none -%}
        {%- set files = run_query(
            "select delivery_id, event_date, regular_path from " ~ deliveries
            ~ " where status = 'accepted' and event = '" ~ event
            ~ "' and regular_path is not null and " ~ condition ~ " order by delivery"
        ).rows -%}
    {%- endif -%}
    {%- if files -%}
    {{ regular_lines(files, fields) }}
    {%- else %}
    select
        cast(null as bigint) as delivery_id,
        cast(null as date) as event_date,
        cast(null as bigint) as line_number,
        {%- for field in fields %}
        cast(null as {{ dbt.type_string() }}) as {{ field }}{{ ',' if not loop.last }}
        {%- endfor %}
    where false
    {%- endif %}
{% endmacro %}
