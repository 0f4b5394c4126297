{#-
    Is this text the uid of a user: a whole number that is not negative? (0 is one: the
    anonymous user.) The sign is looked for with `like`, since DuckDB 2.0 cannot plan
    `>= '0'` inside `coalesce` over a column that holds only nulls.
-#}
{% macro is_user_id(text) -%}
    coalesce(
        cast(try_cast({{ text }} as bigint) as {{ dbt.type_string() }}) = {{ text }}
        and {{ text }} not like '-%',
        false
    )
{%- endmacro %}
