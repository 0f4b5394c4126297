{#-
    The percentiles 0, 1, …, 100 of a number as one list, interpolated between
    neighbouring values; null if there is no value.
-#}
{% macro percentile_list(number) -%}
    quantile_cont({{ number }}, list_transform(range(0, 101), lambda step: step / 100))
{%- endmacro %}
