{#-
    Pre-hook of the staged events: removes the records of deliveries that are gone from
    the folder or have changed, in the transaction that adds the new ones.
-#}
{% macro delete_gone_deliveries() -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where delivery_id not in (
            select delivery_id from {{ ref('stg_player_logs__deliveries') }}
            where status = 'accepted'
        )
    {%- endif -%}
{%- endmacro %}
