{#-
    A time from text, only in the form the logs have (`2017-03-30 00:00:08`): a cast
    alone would also take `infinity` and `epoch`, and 24:00:00 for the next day.
-#}
{% macro to_time(text) -%}
    case
        when
            {{ text }} like '____-__-__ __:__:__'
            and substr({{ text }}, 12, 2) < '24'
            then try_cast({{ text }} as timestamp)
    end
{%- endmacro %}
