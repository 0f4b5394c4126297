{#-
    A song as people say it, "name by singer". What is not known of it is left out;
    `unnamed` stands for a missing name.
-#}
{% macro song_title(song_name, singer, unnamed) -%}
    coalesce({{ song_name }}, {{ unnamed }}) || coalesce(' by ' || {{ singer }}, '')
{%- endmacro %}
