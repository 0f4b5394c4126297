{#-
    The irregular lines of accepted deliveries: delivery_id, line_number, line_text,
    is_replaced, is_too_long, is_forgotten.

    `condition` picks the deliveries by a predicate over `stg_player_logs__deliveries`.
-#}
{% macro read_irregular_lines(condition) %}
    {%- set deliveries = ref('stg_player_logs__deliveries') -%}
    {%- set files = [] -%}
    {%- if execute and load_relation(deliveries) is not none -%}
        {%- set files = run_query(
            "select delivery_id, irregular_path from " ~ deliveries
            ~ " where status = 'accepted' and irregular_path is not null and "
            ~ condition ~ " order by delivery"
        ).rows -%}
    {%- endif -%}
    {%- for delivery_id, irregular_path in files %}
    select cast({{ delivery_id }} as bigint) as delivery_id, *
    from read_json(
        '{{ escape_glob(irregular_path) }}',
        format = 'newline_delimited',
        compression = 'none',
        hive_partitioning = false,
        columns = {
            'line_number': 'bigint',
            'line_text': 'varchar',
            'is_replaced': 'boolean',
            'is_too_long': 'boolean',
            'is_forgotten': 'boolean'
        }
    )
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        cast(null as bigint) as delivery_id,
        cast(null as bigint) as line_number,
        cast(null as {{ dbt.type_string() }}) as line_text,
        cast(null as boolean) as is_replaced,
        cast(null as boolean) as is_too_long,
        cast(null as boolean) as is_forgotten
    where false
    {%- endfor %}
{% endmacro %}
