{#-
    The deliveries that a day should have: event and part of those that came on more
    than half of the days with any delivery. `deliveries` has event, part and
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
        > (select count(distinct event_date) from {{ deliveries }})
{%- endmacro %}
