{#- How many times a whole number goes into another. -#}
{% macro whole_quotient(numerator, denominator) -%}
    {{ adapter.dispatch('whole_quotient')(numerator, denominator) }}
{%- endmacro %}

{% macro duckdb__whole_quotient(numerator, denominator) -%}
    ({{ numerator }}) // ({{ denominator }})
{%- endmacro %}

{% macro spark__whole_quotient(numerator, denominator) -%}
    ({{ numerator }}) div ({{ denominator }})
{%- endmacro %}
