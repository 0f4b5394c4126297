{#-
    Sum of a count over the last days of the snapshot, as a bigint; 0 where there is
    none.
-#}
{% macro sum_last_days(measure, days) -%}
    coalesce(
        cast(
            sum({{ measure }}) filter (where {{ in_last_days('event_date', days) }})
            as bigint
        ),
        0
    )
{%- endmacro %}
