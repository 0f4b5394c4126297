{#-
    Is `date_column` among the last `days` days of the snapshot, the snapshot date
    itself being the last? 7 days are S-6 ... S. Upper border: a window never reaches
    past its snapshot.
-#}
{% macro in_last_days(date_column, days, snapshot_date='snapshot_date') -%}
    {{ date_column }} > {{ add_days(snapshot_date, -days) }}
    and {{ date_column }} <= {{ snapshot_date }}
{%- endmacro %}
