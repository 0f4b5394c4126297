{#-
    Tables of lists that an engine makes with algorithms of its own; their names, separated
    by spaces.
-#}
{% macro distributed_lists() -%}
    {{ adapter.dispatch('distributed_lists')() }}
{%- endmacro %}

{% macro duckdb__distributed_lists() -%}
{%- endmacro %}

{% macro spark__distributed_lists() -%}
    distributed_als_lists
{%- endmacro %}
