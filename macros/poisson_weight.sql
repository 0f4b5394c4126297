{#-
    How often a resample holds a row: the Poisson number of mean 1 at the place in its
    distribution that four hexadecimal digits name, as text, which sorts as numbers do.
    P(0 ... n) = exp(-1) * (1/0! + ... + 1/n!); for more than 7 the digits are too few.
-#}
{% macro poisson_weight(digits) -%}
    case
        {%- set terms = namespace(term=0.36787944117144233, total=0.0) %}
        {%- for weight in range(7) %}
        {%- set terms.term = terms.term / (weight or 1) %}
        {%- set terms.total = terms.total + terms.term %}
        {%- set border = (terms.total * 65536) | round(0, 'ceil') | int %}
        when {{ digits }} < '{{ '%04x' % border }}' then {{ weight }}
        {%- endfor %}
        else 7
    end
{%- endmacro %}
