{#-
    A time from text in an ISO 8601 form: `2017-03-30 00:00:08`, also with a `T`,
    without seconds, with fractions of a second, or with a time zone. The clock time is
    taken as it is written, since logs hold local times. A cast alone would also take
    `infinity` and `epoch`, and 24:00:00 for the next day.
-#}
{% macro to_time(text) -%}
    case
        when
            {{ matches(
                'trim(' ~ text ~ ')',
                '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}'
                ~ '(:[0-9]{2}([.,][0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?$'
            ) }}
            and substr(trim({{ text }}), 12, 2) < '24'
            then try_cast(
                substr(trim({{ text }}), 1, 10) || ' '
                || substr(trim({{ text }}), 12, 5)
                || case
                    when substr(trim({{ text }}), 17, 1) = ':'
                        then substr(trim({{ text }}), 17, 3)
                    else ':00'
                end as timestamp
            )
    end
{%- endmacro %}
