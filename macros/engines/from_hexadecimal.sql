{#- The whole number that up to 15 hexadecimal digits stand for. -#}
{% macro from_hexadecimal(digits) -%}
    {{ adapter.dispatch('from_hexadecimal')(digits) }}
{%- endmacro %}

{% macro duckdb__from_hexadecimal(digits) -%}
    cast('0x' || {{ digits }} as bigint)
{%- endmacro %}

{% macro spark__from_hexadecimal(digits) -%}
    cast(conv({{ digits }}, 16, 10) as bigint)
{%- endmacro %}
