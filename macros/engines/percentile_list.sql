{#-
    The percentiles 0, 1, …, 100 of a number as one list, interpolated between
    neighbouring values; null if there is no value.
-#}
{% macro percentile_list(number) -%}
    {{ adapter.dispatch('percentile_list')(number) }}
{%- endmacro %}

{% macro duckdb__percentile_list(number) -%}
    quantile_cont({{ number }}, list_transform(range(0, 101), lambda step: step / 100))
{%- endmacro %}

{% macro spark__percentile_list(number) -%}
    percentile(
        {{ number }},
        array(
            {%- for step in range(101) %}
            {{ step / 100 }}D{{ ',' if not loop.last }}
            {%- endfor %}
        )
    )
{%- endmacro %}
