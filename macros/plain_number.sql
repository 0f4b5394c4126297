{#- A number as people write it: whole, or with as many decimals as it is small. -#}
{% macro plain_number(expression) -%}
    case
        when {{ expression }} = round({{ expression }}) or abs({{ expression }}) >= 10
            then
                cast(
                    cast(round({{ expression }}) as bigint) as {{ dbt.type_string() }}
                )
        when abs({{ expression }}) >= 1
            then
                cast(
                    cast({{ expression }} as decimal(18, 1)) as {{ dbt.type_string() }}
                )
        else
            cast(cast({{ expression }} as decimal(18, 2)) as {{ dbt.type_string() }})
    end
{%- endmacro %}
