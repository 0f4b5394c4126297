{#-
    A whole number from text, only if the text is how that number is written: a cast
    alone would round `12.7` to 13 and give a record to another user.
-#}
{% macro to_integer(text) -%}
    case
        when
            cast(try_cast({{ text }} as bigint) as {{ dbt.type_string() }}) = {{ text }}
            then try_cast({{ text }} as bigint)
    end
{%- endmacro %}
