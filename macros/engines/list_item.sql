{#- The item at a place of a list, the first being 1. -#}
{% macro list_item(list, place) -%}
    {{ adapter.dispatch('list_item')(list, place) }}
{%- endmacro %}

{% macro duckdb__list_item(list, place) -%}
    list_extract({{ list }}, {{ place }})
{%- endmacro %}

{% macro spark__list_item(list, place) -%}
    element_at({{ list }}, cast({{ place }} as integer))
{%- endmacro %}
