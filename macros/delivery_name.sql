{#- Name of a delivery without compression suffixes, from its day, part and event. -#}
{% macro delivery_name(event_date, part, event) -%}
    replace({{ as_text(event_date) }}, '-', '')
    || case when {{ part }} = '' then '' else '_' || {{ part }} end
    || '_' || {{ event }} || '.log'
{%- endmacro %}
