{#-
    Is this play time in milliseconds? It is longer than any play, and fits its song
    once it is divided by 1,000.
-#}
{% macro is_in_milliseconds(play_seconds, song_seconds) -%}
    coalesce(
        {{ play_seconds }} > {{ var('longest_play_seconds') }}
        and {{ song_seconds }} > 0
        and {{ play_seconds }}
        <= 1000 * {{ var('largest_repaired_completion') }} * {{ song_seconds }},
        false
    )
{%- endmacro %}
