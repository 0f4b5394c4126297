{#-
    The lines of one file as text, as a query in brackets: line_number, from 1, and the
    fields. Every line has all of them; an empty one is null. No name is believed: a
    suffix `.gz` may lie, and a folder may be called `uid=1`.
-#}
{% macro read_regular_lines(path, fields) -%}
    {{ adapter.dispatch('read_regular_lines')(path, fields) }}
{%- endmacro %}

{% macro duckdb__read_regular_lines(path, fields) -%}
    (
        select
            row_number() over () as line_number,
            {{ fields | join(', ') }}
        from read_csv(
            '{{ escape_glob(path) }}',
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
    )
{%- endmacro %}

{#- A whole file is one value: only so do its lines have numbers. -#}
{% macro spark__read_regular_lines(path, fields) -%}
    (
        select
            cast(place + 1 as bigint) as line_number,
            {%- for field in fields %}
            nullif(get(split(line, '\\t'), {{ loop.index0 }}), '') as {{ field }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from (
            select posexplode(split(decode(content, 'UTF-8'), '\\n')) as (place, line)
            from binaryfile.`{{ escape_glob(path) }}`
        )
        -- what stands after the last newline
        where line <> ''
    )
{%- endmacro %}
