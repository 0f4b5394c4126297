{#-
    Is this text the uid of a user: a whole number that is not negative? (0 is one: the
    anonymous user.)
-#}
{% macro is_user_id(text) -%}
    coalesce({{ to_integer(text) }} >= 0, false)
{%- endmacro %}
