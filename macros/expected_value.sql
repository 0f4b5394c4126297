{#-
    What an offer earns on average: the user would have left, the offer retains them, they are
    worth so much; the offer costs in any case.
-#}
{% macro expected_value(churn_probability, success_rate, customer_value, cost) -%}
    (
        {{ churn_probability }} * {{ success_rate }} * {{ customer_value }} - {{ cost }}
    )
{%- endmacro %}
