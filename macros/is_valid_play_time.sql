{#-
    Is this play time a measurement (true), or does it stand for a missing one? A zero
    is a real skip.
-#}
{% macro is_valid_play_time(play_seconds) -%}
    {%- set above = '>' if var('zero_play_time_is_missing') else '>=' -%}
    coalesce({{ play_seconds }} {{ above }} 0, false)
{%- endmacro %}
