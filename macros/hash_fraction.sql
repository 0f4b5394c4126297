{#-
    A number in [0, 1) that depends on the key and the salt alone, the same on every
    engine: the first 32 bits of the md5 of "salt:key". Different salts give independent
    draws.
-#}
{% macro hash_fraction(key, salt) -%}
    {%- set salted =
        "'" ~ salt ~ ":' || cast(" ~ key ~ " as " ~ dbt.type_string() ~ ")" -%}
    (
        cast({{ from_hexadecimal('substr(md5(' ~ salted ~ '), 1, 8)') }} as double)
        / 4294967296
    )
{%- endmacro %}
