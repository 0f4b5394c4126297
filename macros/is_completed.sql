{#-
    Did the user hear the song to its end, for all purposes? The uppermost completion
    band.
-#}
{% macro is_completed(completion) -%}
    {{ completion }} >= {{ var('completion_band_borders') | last }}
{%- endmacro %}
