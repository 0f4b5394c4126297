{#-
    The JSON objects of files, one a line: delivery_id and the keys that `columns` names,
    of the types that it gives. `files` is a list of delivery_id and path.
-#}
{% macro json_lines(files, columns) -%}
    {{ adapter.dispatch('json_lines')(files, columns) }}
{%- endmacro %}

{% macro duckdb__json_lines(files, columns) -%}
    {%- for delivery_id, path in files %}
    select
        cast({{ delivery_id }} as bigint) as delivery_id,
        {{ columns.keys() | join(', ') }}
    from read_json(
        '{{ escape_glob(path) }}',
        format = 'newline_delimited',
        compression = 'none',
        hive_partitioning = false,
        columns = {
            {%- for name, type in columns.items() %}
            '{{ name }}': '{{ type }}'{{ ',' if not loop.last }}
            {%- endfor %}
        }
    )
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro spark__json_lines(files, columns) -%}
    {%- set paths, schema = [], [] -%}
    {%- for _, path in files -%}
        {%- do paths.append(path) -%}
    {%- endfor -%}
    {%- for name, type in columns.items() -%}
        {%- do schema.append(name ~ ' ' ~ type) -%}
    {%- endfor -%}
    select
        delivery_id,
        item.*
    from (
        select
            path,
            from_json(line, '{{ schema | join(", ") }}') as item
        from ({{ numbered_lines(paths) }})
    ) as parsed
    inner join (
        values
        {%- for delivery_id, path in files %}
        ({{ delivery_id }}, '{{ dbt.escape_single_quotes(path) }}'){{ ',' if not loop.last }}
        {%- endfor %}
    ) as files (delivery_id, given_path)
        on parsed.path = files.given_path
{%- endmacro %}
