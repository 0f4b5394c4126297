{#- The texts of a group one after another, with a comma and a space between them. -#}
{% macro joined_texts(expression, order_by) -%}
    {{ adapter.dispatch('joined_texts')(expression, order_by) }}
{%- endmacro %}

{% macro duckdb__joined_texts(expression, order_by) -%}
    string_agg({{ expression }}, ', ' order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_texts(expression, order_by) -%}
    listagg({{ expression }}, ', ') within group (order by {{ order_by }})
{%- endmacro %}
