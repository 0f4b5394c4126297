{#- Whole days from `earlier` to `later`, as a bigint. -#}
{% macro days_between(earlier, later) -%}
    ({{ later }} - {{ earlier }})
{%- endmacro %}
