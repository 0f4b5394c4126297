{#-
    The JSON objects of one file, one a line, as a query in brackets. `columns` says
    which type each key has.
-#}
{% macro read_objects(path, columns) -%}
    {{ adapter.dispatch('read_objects')(path, columns) }}
{%- endmacro %}

{% macro duckdb__read_objects(path, columns) -%}
    (
        select *
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
    )
{%- endmacro %}

{% macro spark__read_objects(path, columns) -%}
    {%- set schema = [] -%}
    {%- for name, type in columns.items() -%}
        {%- do schema.append(name ~ ' ' ~ type) -%}
    {%- endfor -%}
    (
        select item.*
        from (
            select from_json(line, '{{ schema | join(", ") }}') as item
            from (
                select explode(split(decode(content, 'UTF-8'), '\\n')) as line
                from binaryfile.`{{ escape_glob(path) }}`
            )
            where line <> ''
        )
    )
{%- endmacro %}
