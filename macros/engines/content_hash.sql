{#- The SHA-256 of bytes, in hexadecimal digits. -#}
{% macro content_hash(bytes) -%}
    {{ adapter.dispatch('content_hash')(bytes) }}
{%- endmacro %}

{% macro duckdb__content_hash(bytes) -%}
    sha256({{ bytes }})
{%- endmacro %}

{% macro spark__content_hash(bytes) -%}
    sha2({{ bytes }}, 256)
{%- endmacro %}
