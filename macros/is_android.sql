{#-
    Does this device code stand for Android (`ar`), or for an iPhone (`ip`)? Null for
    anything else. A truth costs a quarter of what a text costs to store.
-#}
{% macro is_android(device) -%}
    case {{ device }} when 'ar' then true when 'ip' then false end
{%- endmacro %}
