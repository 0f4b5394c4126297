{#-
    The irregular lines of accepted deliveries: delivery_id, line_number, line_text,
    is_replaced, is_too_long, is_forgotten.

    `condition` picks the deliveries by a predicate over `stg_player_logs__deliveries`.
-#}
{% macro read_irregular_lines(condition) %}
    {%- set deliveries = ref('stg_player_logs__deliveries') -%}
    {%- set columns = {
        'line_number': 'bigint',
        'line_text': dbt.type_string(),
        'is_replaced': 'boolean',
        'is_too_long': 'boolean',
        'is_forgotten': 'boolean',
    } -%}
    {%- set files = [] -%}
    {%- if execute and load_relation(deliveries) is not none -%}
        {%- set files = run_query(
            "select delivery_id, irregular_path from " ~ deliveries
            ~ " where status = 'accepted' and irregular_path is not null and "
            ~ condition ~ " order by delivery"
        ).rows -%}
    {%- endif -%}
    {%- if files -%}
    {{ json_lines(files, columns) }}
    {%- else %}
    select
        cast(null as bigint) as delivery_id,
        {%- for name, type in columns.items() %}
        cast(null as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    where false
    {%- endif %}
{% endmacro %}
