{#-
    How many rows meet a condition. Says what `count(*) filter (where ...)` says, and is
    cheaper in a query that counts many things at once: a filter hands each count a
    selection of the rows, this one a column.
-#}
{% macro count_where(condition) -%}
    count(case when {{ condition }} then 1 end)
{%- endmacro %}
