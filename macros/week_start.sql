{#-
    The Monday of a date's week, counted from a known Monday as in `is_weekend`.
-#}
{% macro week_start(date_column) -%}
    {{ add_days(
        date_column, '-(' ~ days_between("date '1900-01-01'", date_column) ~ ' % 7)'
    ) }}
{%- endmacro %}
