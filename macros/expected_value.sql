{#-
    What an offer earns on average: the probability that the user would have left, times
    the share whom the offer retains, times what a user is worth, less the cost.
-#}
{% macro expected_value(churn_probability, success_rate, customer_value, cost) -%}
    (
        {{ churn_probability }} * {{ success_rate }} * {{ customer_value }} - {{ cost }}
    )
{%- endmacro %}
