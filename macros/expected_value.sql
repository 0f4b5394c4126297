{#-
    What an offer earns on average: the user would have left, the offer keeps him, he is
    worth so much; the offer costs in any case.
-#}
{% macro expected_value(churn_probability, success_rate, customer_value, cost) -%}
    (
        {{ churn_probability }} * {{ success_rate }} * {{ customer_value }} - {{ cost }}
    )
{%- endmacro %}
