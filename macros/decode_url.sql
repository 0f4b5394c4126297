{#- Text from its URL encoding, `+` being a space; null where it cannot be decoded. -#}
{% macro decode_url(text) -%}
    try(url_decode(replace({{ text }}, '+', ' ')))
{%- endmacro %}
