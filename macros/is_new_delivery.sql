{#-
    Is this a delivery of which the model has nothing yet? Every one, in a first build.
-#}
{% macro is_new_delivery() -%}
    {%- if is_incremental() -%}
        delivery_id not in (select distinct delivery_id from {{ this }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
