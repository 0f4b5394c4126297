{#-
    The regular lines of deliveries as text, one `select` per file: delivery_id,
    event_date, line_number, then the event's fields. Files stand side by side rather
    than in one list, because numbering lines keeps a scan on one core and several scans
    can share the cores. No name is believed: a suffix `.gz` may lie, and a folder may
    be called `uid=1`.

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
        row_number() over () as line_number,
        {{ fields | join(', ') }}
    from read_csv(
        '{{ escape_glob(regular_path) }}',
        auto_detect = false,
        compression = 'none',
        hive_partitioning = false,
        header = false,
        delim = '\t',
        quote = '',
        escape = '',
        columns = {
            {%- for field in fields %}
            '{{ field }}': 'varchar'{{ ',' if not loop.last }}
            {%- endfor %}
        }
    )
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
