{#-
    Does every field of the event that has a known form have it? Asked of records put
    together from two lines: a text that merely has the right number of fields might be
    two halves of two records.
-#}
{% macro has_known_forms(event, text) -%}
    case {{ event }}
    {%- for event_code, fields in var('log_fields').items() %}
        when '{{ event_code }}' then
            {%- for field in fields %}
            {%- set value = "split_part(" ~ text ~ ", chr(9), " ~ loop.index ~ ")" %}
            {%- if field == 'uid' %}
            {{ is_user_id(value) }}
            {%- elif field == 'device' %}
            and {{ value }} in ('ar', 'ip')
            {%- elif field in ['song_id', 'song_type'] %}
            and {{ to_integer(value) }} is not null
            {%- elif field in ['play_time', 'song_length'] %}
            and {{ to_number(value) }} is not null
            {%- elif field == 'paid_flag' %}
            and {{ value }} in ('0', '1')
            {%- elif field == 'time_stamp' %}
            and {{ to_time(value) }} is not null
            {%- endif %}
            {%- endfor %}
    {%- endfor %}
    end
{%- endmacro %}
