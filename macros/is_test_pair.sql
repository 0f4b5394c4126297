{#-
    Is this user's song in the test part of the random split? By hash, so that neither
    the order of rows nor other pairs have a say.
-#}
{% macro is_test_pair(user_id, song_id) -%}
    {{ hash_fraction(user_id ~ " || ':' || " ~ song_id, 'recommendation_test') }}
    < {{ var('test_fraction') }}
{%- endmacro %}
