{#-
    A sum that adds in a fixed order, for few rows of values too large for `exact_sum`.
-#}
{% macro ordered_sum(expression, order_by) -%}
    sum({{ expression }} order by {{ order_by }})
{%- endmacro %}
