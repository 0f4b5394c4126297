{#-
    The regular lines of deliveries as text, one `select` per file: delivery_id,
    event_date, line_number, then the event's fields. Files stand side by side rather
    than in one list, because numbering lines keeps a scan on one core and several scans
    can share the cores.

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
    {%- for delivery_id, event_date, regular_path in files %}
    select
        cast({{ delivery_id }} as bigint) as delivery_id,
        cast('{{ event_date }}' as date) as event_date,
        line_number,
        {{ fields | join(', ') }}
    from {{ read_regular_lines(regular_path, fields) }} as file_{{ loop.index }}
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        cast(null as bigint) as delivery_id,
        cast(null as date) as event_date,
        cast(null as bigint) as line_number,
        {%- for field in fields %}
        cast(null as {{ dbt.type_string() }}) as {{ field }}{{ ',' if not loop.last }}
        {%- endfor %}
    where false
    {%- endfor %}
{% endmacro %}
