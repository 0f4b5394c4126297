{#- A whole number, wide enough for products of bigints. -#}
{% macro wide(expression) -%}
    {{ adapter.dispatch('wide')(expression) }}
{%- endmacro %}

{% macro duckdb__wide(expression) -%}
    cast({{ expression }} as hugeint)
{%- endmacro %}

{% macro spark__wide(expression) -%}
    cast({{ expression }} as decimal(38, 0))
{%- endmacro %}
