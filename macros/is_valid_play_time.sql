{#-
    Is this play time a measurement (true), or does it stand for a missing one? A zero
    is a real skip.
-#}
{% macro is_valid_play_time(play_seconds) -%}
    coalesce(
        {{ play_seconds }} {{ '>' if var('zero_play_time_is_missing') else '>=' }} 0, false
    )
{%- endmacro %}
