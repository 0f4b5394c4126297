{#- Text from its URL encoding, `+` being a space; null where it cannot be decoded. -#}
{% macro decode_url(text) -%}
    {{ adapter.dispatch('decode_url')(text) }}
{%- endmacro %}

{% macro duckdb__decode_url(text) -%}
    try(url_decode(replace({{ text }}, '+', ' ')))
{%- endmacro %}

{#-
    A `%` that begins no code stands for itself. Bytes that are no UTF-8 come out as
    U+FFFD: where there is more of it than went in, something could not be decoded.
-#}
{% macro spark__decode_url(text) -%}
    {%- set mark = "decode(unhex('EFBFBD'), 'UTF-8')" -%}
    {%- set decoded =
        "try_url_decode(regexp_replace(" ~ text ~ ", '%(?![0-9A-Fa-f]{2})', '%25'))"
    -%}
    case
        when
            regexp_count({{ decoded }}, {{ mark }})
            = regexp_count(upper({{ text }}), '%EF%BF%BD|' || {{ mark }})
            then {{ decoded }}
    end
{%- endmacro %}
