{#- Stands in a select list and makes a row for each item of a list. -#}
{% macro list_items(list) -%}
    {{ adapter.dispatch('list_items')(list) }}
{%- endmacro %}

{% macro duckdb__list_items(list) -%}
    unnest({{ list }})
{%- endmacro %}

{% macro spark__list_items(list) -%}
    explode({{ list }})
{%- endmacro %}
