{#-
    A path, ready to stand between quotes, that means just this file or folder: engines
    take `*`, `?` and brackets in a name for patterns.
-#}
{% macro escape_glob(path) -%}
    {{ adapter.dispatch('escape_glob')(path) }}
{%- endmacro %}

{% macro duckdb__escape_glob(path) -%}
    {{ modules.re.sub('([*?[])', '[\\1]', path) | replace("'", "''") }}
{%- endmacro %}

{#- Between backticks. -#}
{% macro spark__escape_glob(path) -%}
    {{ modules.re.sub('([*?{},\\[\\]\\\\])', '\\\\\\1', path) | replace('`', '``') }}
{%- endmacro %}
