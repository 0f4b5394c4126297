{#-
    A decimal number from text; null for what is none: `nan`, `inf`, `7>(1.2.3.4)TM`.
    Beyond ±1e15 no count of seconds is believable and sums would no longer be exact.
-#}
{% macro to_number(text) -%}
    case
        when
            try_cast({{ text }} as double) between -1e15 and 1e15
            and {{ is_decimal_number(text) }}
            then try_cast({{ text }} as double)
    end
{%- endmacro %}
