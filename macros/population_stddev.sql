{#-
    Population standard deviation from a count, a sum and a sum of squares, all whole
    numbers: rounding in the difference would show as spread where there is none.
-#}
{% macro population_stddev(count, total, total_of_squares) -%}
    coalesce(
        sqrt(
            cast(
                {{ count }} * {{ total_of_squares }}
                - {{ wide(total) }} * {{ wide(total) }}
                as double
            )
        )
        / nullif({{ count }}, 0),
        0.0
    )
{%- endmacro %}
