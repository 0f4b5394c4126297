{#-
    Is this text a decimal number, as a cast would read it? Casts take more than that,
    and each engine something else: `1_000` here, `12d` there.
-#}
{% macro is_decimal_number(text) -%}
    {{ adapter.dispatch('is_decimal_number')(text) }}
{%- endmacro %}

{% macro duckdb__is_decimal_number(text) -%}
    not contains({{ text }}, '_')
{%- endmacro %}

{% macro spark__is_decimal_number(text) -%}
    {{ text }} not rlike '[a-df-zA-DF-Z_]'
{%- endmacro %}
