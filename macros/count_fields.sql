{#- How many tab-separated fields a line has. -#}
{% macro count_fields(text) -%}
    (length({{ text }}) - length(replace({{ text }}, chr(9), '')) + 1)
{%- endmacro %}
