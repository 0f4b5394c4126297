{#-
    A sum that is the same in every run. Rows meet a parallel sum in any order and
    doubles then differ in the last digit, so that two builds would not give equal
    tables; decimals do not. Exact to 1e-9 of a unit per row; null over no rows. `times`
    says how often each row counts.
-#}
{% macro exact_sum(expression, digits=9, times=none) -%}
    cast(
        sum(
            {% if times is not none %}{{ times }} * {% endif -%}
            cast({{ expression }} as decimal(38, {{ digits }}))
        ) as double
    )
{%- endmacro %}
