{#-
    For Spark alone, which numbers no lines of a file: the lines of files as a query, path,
    line_number, from 1, and line. A file is read as one value, by one task; a line is
    never empty, since what stands after the last newline is none.
-#}
{% macro numbered_lines(paths) -%}
    {%- set rooted, relative = [], [] -%}
    {%- for path in paths -%}
        {%- set escaped = escape_glob(path) | trim -%}
        {%- do rooted.append(escaped[1:]) if path.startswith('/')
            else relative.append(escaped) -%}
    {%- endfor -%}
    select
        path,
        cast(place + 1 as bigint) as line_number,
        line
    from (
        select
            given.path,
            posexplode(split(decode(files.content, 'UTF-8'), '\\n')) as (place, line)
        from (
            {%- if rooted %}
            select * from binaryfile.`{{ '/{' ~ rooted | join(',') ~ '}' }}`
            {%- endif %}
            {{ 'union all' if rooted and relative }}
            {%- if relative %}
            select * from binaryfile.`{{ './{' ~ relative | join(',') ~ '}' }}`
            {%- endif %}
        ) as files
        -- Spark says where a file lies from the root
        inner join (
            values
            {%- for path in paths %}
            ('{{ dbt.escape_single_quotes(path) }}'){{ ',' if not loop.last }}
            {%- endfor %}
        ) as given (path)
            on endswith(files.path, given.path)
    )
    where line <> ''
{%- endmacro %}
