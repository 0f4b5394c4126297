{#-
    The deliveries that a day should have: event and part of those that came on more
    than half of the days from the first to the last. `deliveries` has event, part and
    event_date.
-#}
{% macro usual_parts(deliveries) -%}
    select
        event,
        part
    from {{ deliveries }}
    group by event, part
    having
        count(distinct event_date) * 2
        > (
            select {{ days_between('min(event_date)', 'max(event_date)') }} + 1
            from {{ deliveries }}
        )
{%- endmacro %}
