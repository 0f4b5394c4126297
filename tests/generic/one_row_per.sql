{#-
    The model has exactly one row for each row of another relation, by the key that both
    have.
-#}
{% test one_row_per(model, to, columns) %}

(
    select {{ columns | join(', ') }} from {{ model }}
    except all
    select {{ columns | join(', ') }} from {{ to }}
)
union all
(
    select {{ columns | join(', ') }} from {{ to }}
    except all
    select {{ columns | join(', ') }} from {{ model }}
)

{% endtest %}
