{#- Is this a song of the catalogue? 0 and -1 stand for local files. -#}
{% macro is_song(song_id) -%}
    ({{ song_id }} is not null and {{ song_id }} not in (0, -1))
{%- endmacro %}
