{#- numerator / denominator as a double; 0 where the denominator is 0 or missing. -#}
{% macro ratio(numerator, denominator) -%}
    coalesce(
        cast({{ numerator }} as double)
        / nullif(cast({{ denominator }} as double), 0.0),
        0.0
    )
{%- endmacro %}
