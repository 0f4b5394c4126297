{#-
    Which offer a user gets, wherever one is chosen: 1 is the one with the highest
    expected value; of equal ones the cheaper, then the first name.
-#}
{% macro offer_rank(keys, expected_value) -%}
    row_number() over (
        partition by {{ keys | join(', ') }}
        order by {{ expected_value }} desc, cost asc, action asc
    )
{%- endmacro %}
