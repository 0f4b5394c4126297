{#-
    Stands in a select list and makes a row for each whole number from one to another,
    both included; no row if the last comes before the first.
-#}
{% macro series(first, last) -%}
    {{ adapter.dispatch('series')(first, last) }}
{%- endmacro %}

{% macro duckdb__series(first, last) -%}
    unnest(generate_series({{ first }}, {{ last }}))
{%- endmacro %}

{#- `sequence` would count down. -#}
{% macro spark__series(first, last) -%}
    explode(
        case when {{ first }} <= {{ last }} then sequence({{ first }}, {{ last }}) end
    )
{%- endmacro %}
