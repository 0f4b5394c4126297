{#-
    The lower or upper end of the percentile interval of a measure over its bootstrap
    replicates; replicate 0, the sample itself, is none. Null where no replicate has a
    value.
-#}
{% macro interval_bound(measure, end) -%}
    {%- set outside = (1 - var('interval_share')) / 2 -%}
    percentile_cont({{ outside if end == 'lower' else 1 - outside }})
    within group (order by {{ measure }} asc) filter (where replicate > 0)
{%- endmacro %}
