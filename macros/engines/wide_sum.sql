{#- A sum of whole numbers that may not fit into a bigint. -#}
{% macro wide_sum(expression) -%}
    {{ adapter.dispatch('wide_sum')(expression) }}
{%- endmacro %}

{% macro duckdb__wide_sum(expression) -%}
    sum({{ expression }})
{%- endmacro %}

{% macro spark__wide_sum(expression) -%}
    sum(cast({{ expression }} as decimal(38, 0)))
{%- endmacro %}
