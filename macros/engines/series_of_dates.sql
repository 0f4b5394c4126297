{#- As `series`, of the dates from one to another. -#}
{% macro series_of_dates(first, last) -%}
    {{ adapter.dispatch('series_of_dates')(first, last) }}
{%- endmacro %}

{% macro duckdb__series_of_dates(first, last) -%}
    unnest(
        cast(generate_series({{ first }}, {{ last }}, interval 1 day) as date [])
    )
{%- endmacro %}

{% macro spark__series_of_dates(first, last) -%}
    explode(sequence({{ first }}, {{ last }}, interval 1 day))
{%- endmacro %}
