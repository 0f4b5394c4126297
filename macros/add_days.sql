{#- The date `days` days after `date_column`; negative goes back. -#}
{% macro add_days(date_column, days) -%}
    ({{ date_column }} + cast({{ days }} as integer))
{%- endmacro %}
