{#-
    How often a resample holds a row: the Poisson number of mean 1 at this fraction of
    its distribution. P(0 ... n) = exp(-1) * (1/0! + ... + 1/n!); beyond 12 no fraction
    of 32 bits lies.
-#}
{% macro poisson_weight(fraction) -%}
    case
        {%- set terms = namespace(term=1.0, total=0.0) %}
        {%- for weight in range(12) %}
        {%- set terms.term = terms.term / (weight or 1) %}
        {%- set terms.total = terms.total + terms.term %}
        when {{ fraction }} < exp(-1) * {{ terms.total }} then {{ weight }}
        {%- endfor %}
        else 12
    end
{%- endmacro %}
