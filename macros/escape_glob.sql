{#-
    A path, ready to stand between quotes, that means just this file or folder: DuckDB
    would take `*`, `?` and `[` in a name for patterns.
-#}
{% macro escape_glob(path) -%}
    {{ modules.re.sub('([*?[])', '[\\1]', path) | replace("'", "''") }}
{%- endmacro %}
