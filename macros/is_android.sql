{#-
    Does this device code stand for Android (`ar`), or for an iPhone (`ip`)? Null for
    anything else. A boolean takes a quarter of a string's space.
-#}
{% macro is_android(device) -%}
    case {{ device }} when 'ar' then true when 'ip' then false end
{%- endmacro %}
