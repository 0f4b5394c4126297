{#-
    Makes the source, the list of files in the folder of deliveries, something that can be
    asked, before a build begins.
-#}
{% macro list_deliveries() -%}
    {%- if execute -%}
        {{ adapter.dispatch('list_deliveries')() }}
    {%- endif -%}
{%- endmacro %}

{#- The source says itself how DuckDB lists files. -#}
{% macro duckdb__list_deliveries() -%}
{%- endmacro %}

{% macro spark__list_deliveries() -%}
    {%- set deliveries = source('player_logs', 'deliveries') -%}
    {%- set folder =
        graph.sources['source.music_box.player_logs.deliveries'].config.meta.folder
    -%}
    {%- do run_query('create schema if not exists ' ~ deliveries.schema) -%}
    create or replace view {{ deliveries }} as
    select regexp_replace(path, '^file:/+', '/') as file
    from binaryfile.`{{ escape_glob(folder) }}`
    where regexp_extract(path, '[^/]*$', 0) rlike '^[0-9]'
{%- endmacro %}
