{#-
    Every value that is present is finite and lies in its column's range, both borders
    included; none is no border. One test for all columns of a mart: a test per column
    and rule is what makes people switch tests off.
-#}
{% test in_ranges(model, ranges) %}

{%- for column, borders in ranges.items() %}
select
    '{{ column }}' as column_name,
    cast({{ column }} as double) as value_out_of_range
from {{ model }}
where
    not (abs(cast({{ column }} as double)) < cast('infinity' as double))
    {%- if borders[0] is not none %} or {{ column }} < {{ borders[0] }}{% endif %}
    {%- if borders[1] is not none %} or {{ column }} > {{ borders[1] }}{% endif %}
{{ 'union all' if not loop.last }}
{%- endfor %}

{% endtest %}
