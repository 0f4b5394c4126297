{#-
    The whole numbers from one to another, both included: a query with a column
    `number`.
-#}
{% macro whole_numbers(first, last) -%}
    (select {{ series(first, last) }} as number)
{%- endmacro %}
