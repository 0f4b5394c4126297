{#-
    What a user's listening says about a song, 1 ... 5: the mean band of the plays, or
    the highest where the song was downloaded.
-#}
{% macro song_rating(play_score, downloads) -%}
    greatest(
        coalesce({{ play_score }}, 0.0),
        case
            when {{ downloads }} > 0
                then cast({{ var('completion_band_borders') | length }} as double)
            else 0.0
        end
    )
{%- endmacro %}
