{#-
    Saturday or Sunday, counted from a known Monday: engines number weekdays
    differently.
-#}
{% macro is_weekend(date_column) -%}
    ({{ days_between("date '1900-01-01'", date_column) }} % 7 >= 5)
{%- endmacro %}
