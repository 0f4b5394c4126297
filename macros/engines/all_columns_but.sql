{#- In a select list: every column but these, whose names stand between commas. -#}
{% macro all_columns_but(names) -%}
    {{ adapter.dispatch('all_columns_but')(names) }}
{%- endmacro %}

{% macro duckdb__all_columns_but(names) -%}
    * exclude ({{ names }})
{%- endmacro %}

{% macro spark__all_columns_but(names) -%}
    * except ({{ names }})
{%- endmacro %}
