{#-
    The band, 1 ... 5, of a play's completion (play time over song length; borders in
    var `completion_band_borders`; a border belongs to the band above it).
-#}
{% macro completion_band(completion) -%}
    case
        {%- for border in var('completion_band_borders') | reverse %}
        when {{ completion }} >= {{ border }} then {{ loop.revindex }}
        {%- endfor %}
    end
{%- endmacro %}
