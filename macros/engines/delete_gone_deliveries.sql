{#-
    Pre-hook of the staged events: removes the records of deliveries that are gone from
    the folder or have changed, so that new ones are all that is left to add.
-#}
{% macro delete_gone_deliveries() -%}
    {%- if is_incremental() -%}
        {{ adapter.dispatch('delete_gone_deliveries')() }}
    {%- endif -%}
{%- endmacro %}

{#- In the transaction that adds the new ones. -#}
{% macro duckdb__delete_gone_deliveries() -%}
    delete from {{ this }}
    where delivery_id not in (
        select delivery_id from {{ ref('stg_player_logs__deliveries') }}
        where status = 'accepted'
    )
{%- endmacro %}

{#- A delivery is a partition: a table of Parquet files can drop one, but delete no row. -#}
{% macro spark__delete_gone_deliveries() -%}
    {%- set gone = run_query(
        "select distinct delivery_id from " ~ this ~ " where delivery_id not in ("
        ~ "select delivery_id from " ~ ref('stg_player_logs__deliveries')
        ~ " where status = 'accepted')"
    ).columns[0].values() if execute else [] -%}
    {%- if gone -%}
        alter table {{ this }} drop if exists
        {%- for delivery_id in gone %}
        partition (delivery_id = {{ delivery_id }}){{ ',' if not loop.last }}
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}
