{#-
    Whether a row of expected_absences covers a delivery of a day. An underscore of the
    pattern is one: `_2_play` must not cover part 12, as it would with `like` alone.
-#}
{% macro is_expected_absence(delivery, event_date) -%}
    {{ delivery }}
    like replace(expected_absences.delivery_pattern, '_', '!_') escape '!'
    and {{ event_date }} >= expected_absences.first_date
    and (
        expected_absences.last_date is null
        or {{ event_date }} <= expected_absences.last_date
    )
{%- endmacro %}
