{#-
    What a user's listening says about a song, 1 ... 5: the mean band of the plays, or
    the highest where the song was downloaded or is liked.
-#}
{% macro song_rating(play_score, downloads, is_liked='false') -%}
    greatest(
        coalesce({{ play_score }}, 0.0),
        case
            when {{ downloads }} > 0 or {{ is_liked }}
                then cast({{ var('completion_band_borders') | length }} as double)
            else 0.0
        end
    )
{%- endmacro %}
