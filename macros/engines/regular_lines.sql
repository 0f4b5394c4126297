{#-
    The lines of files of one event as text: delivery_id, event_date, line_number, from 1,
    and the fields. Every line has all of them; an empty one is null. `files` is a list of
    delivery_id, event_date and path.
-#}
{% macro regular_lines(files, fields) -%}
    {{ adapter.dispatch('regular_lines')(files, fields) }}
{%- endmacro %}

{#-
    One `select` per file: numbering lines keeps a scan on one core, and several scans can
    share the cores. No name is believed: a suffix `.gz` may lie, and a folder may be
    called `uid=1`.
-#}
{% macro duckdb__regular_lines(files, fields) -%}
    {%- for delivery_id, event_date, path in files %}
    select
        cast({{ delivery_id }} as bigint) as delivery_id,
        cast('{{ event_date }}' as date) as event_date,
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
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro spark__regular_lines(files, fields) -%}
    {%- set paths = [] -%}
    {%- for _, _, path in files -%}
        {%- do paths.append(path) -%}
    {%- endfor -%}
    select
        delivery_id,
        event_date,
        line_number,
        {%- for field in fields %}
        nullif(get(split(line, '\\t'), {{ loop.index0 }}), '') as {{ field }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from ({{ numbered_lines(paths) }}) as numbered
    inner join (
        values
        {%- for delivery_id, event_date, path in files %}
        ({{ delivery_id }}, date '{{ event_date }}', '{{ dbt.escape_single_quotes(path) }}')
        {{- ',' if not loop.last }}
        {%- endfor %}
    ) as files (delivery_id, event_date, given_path)
        on numbered.path = files.given_path
{%- endmacro %}
