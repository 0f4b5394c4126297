{#-
    A sum that adds in a fixed order, for few rows of values too large for `exact_sum`.
    Values without a number are left out; null if that is all of them.
-#}
{% macro ordered_sum(expression, order_by) -%}
    {{ adapter.dispatch('ordered_sum')(expression, order_by) }}
{%- endmacro %}

{% macro duckdb__ordered_sum(expression, order_by) -%}
    sum({{ expression }} order by {{ order_by }})
{%- endmacro %}

{% macro spark__ordered_sum(expression, order_by) -%}
    aggregate(
        array_sort(
            collect_list(struct({{ order_by }}, {{ expression }} as addend)) filter (
                where {{ expression }} is not null
            )
        ),
        cast(null as double),
        (total, item) -> coalesce(total, 0D) + item.addend
    )
{%- endmacro %}
