{#- Does this paid_flag say that the user pays? Null for anything but `0` and `1`. -#}
{% macro is_paid(paid_flag) -%}
    case {{ paid_flag }} when '1' then true when '0' then false end
{%- endmacro %}
