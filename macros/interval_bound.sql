{#-
    The lower or upper end of the percentile interval of a measure over its R bootstrap
    replicates: of the sorted ones, number (R + 1) p from 1 on, with which an interval
    claims exactly its share (Davison & Hinkley 1997, chapter 5). percentile_cont(p)
    itself is number (R - 1) p + 1: of 200 replicates, an interval of 94 % called 95 %.
    Never beyond the sample itself, replicate 0. Null where no replicate has a value.
-#}
{% macro interval_bound(measure, end) -%}
    {%- set replicates = var('bootstrap_replicates') -%}
    {%- set outside = (1 - var('interval_share')) / 2 -%}
    {%- set share = [
        ((replicates + 1) * outside - 1) / [replicates - 1, 1] | max, 0
    ] | max -%}
    {%- set percentile -%}
    percentile_cont({{ share if end == 'lower' else 1 - share }})
    within group (order by {{ measure }} asc) filter (where replicate > 0)
    {%- endset -%}
    case
        when {{ percentile }} is not null
            then {{ 'least' if end == 'lower' else 'greatest' }}(
                {{ percentile }}, max({{ measure }}) filter (where replicate = 0)
            )
    end
{%- endmacro %}
