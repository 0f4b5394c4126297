{#- An aggregate: the rows of a group as a list. `columns` maps names to expressions. -#}
{% macro record_list(columns) -%}
    {{ adapter.dispatch('record_list')(columns) }}
{%- endmacro %}

{% macro duckdb__record_list(columns) -%}
    list({
        {%- for name, expression in columns.items() %}
        '{{ name }}': {{ expression }}{{ ',' if not loop.last }}
        {%- endfor %}
    })
{%- endmacro %}

{% macro spark__record_list(columns) -%}
    collect_list(
        struct(
            {%- for name, expression in columns.items() %}
            {{ expression }} as {{ name }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
    )
{%- endmacro %}
