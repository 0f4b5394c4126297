{#-
    A number in [0, 1) that depends on the key and the salt alone, the same on every
    engine: the first 32 bits of the md5 of "salt:key". Different salts give independent
    draws.
-#}
{% macro hash_fraction(key, salt) -%}
    (
        cast(
            '0x' || substr(
                md5('{{ salt }}:' || cast({{ key }} as {{ dbt.type_string() }})), 1, 8
            ) as bigint
        )
        / 4294967296.0
    )
{%- endmacro %}
