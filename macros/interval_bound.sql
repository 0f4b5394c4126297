{#-
    The lower or upper end of the interval of a measure: the percentile over its
    bootstrap replicates, and never beyond the sample itself, replicate 0. Null where no
    replicate has a value.
-#}
{% macro interval_bound(measure, end) -%}
    {%- set outside = (1 - var('interval_share')) / 2 -%}
    {%- set percentile -%}
    percentile_cont({{ outside if end == 'lower' else 1 - outside }})
    within group (order by {{ measure }} asc) filter (where replicate > 0)
    {%- endset -%}
    case
        when {{ percentile }} is not null
            then {{ 'least' if end == 'lower' else 'greatest' }}(
                {{ percentile }}, max({{ measure }}) filter (where replicate = 0)
            )
    end
{%- endmacro %}
