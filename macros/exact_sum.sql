{#-
    A sum that is the same in every run. Rows meet a parallel sum in any order and
    doubles then differ in the last digit, so that two builds would not give equal
    tables; decimals do not. Exact to 1e-9 of a unit per row, of values below 1e18; null
    over no rows. `times` says how often each row counts. The widths are such that no
    engine rounds a product.
-#}
{% macro exact_sum(expression, digits=9, times=none) -%}
    cast(
        sum(
            {% if times is not none -%}
            cast({{ times }} as decimal(10, 0)) * {% endif -%}
            cast({{ expression }} as decimal({{ 18 + digits }}, {{ digits }}))
        ) as double
    )
{%- endmacro %}
