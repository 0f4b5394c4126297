{#-
    A time from text, only in the form the logs have (`2017-03-30 00:00:08`): a cast
    alone would also take `infinity`, `epoch` and other words.
-#}
{% macro to_time(text) -%}
    case
        when {{ text }} like '____-__-__ __:__:__'
            then try_cast({{ text }} as timestamp)
    end
{%- endmacro %}
