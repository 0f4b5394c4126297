{#-
    Stops a build at its start, with a sentence, where there is nothing to build from. An empty folder
    would otherwise be taken for the truth and empty every table.
-#}
{% macro check_raw_logs() %}
    {%- set deliveries = source('player_logs', 'deliveries') -%}
    {%- if execute and flags.WHICH in ('build', 'run') and 'model.music_box.landed_files' in selected_resources -%}
        {%- set folder = (deliveries | string)[6:-4] -%}
        {%- set names = run_query("select parse_filename(file) from " ~ deliveries).columns[0].values() -%}
        {%- if names | length == 0 -%}
            {{ exceptions.raise_compiler_error(
                "RAW_LOGS is '" ~ folder ~ "': there is no such folder, or it is empty. Set RAW_LOGS to a folder of "
                ~ "deliveries, or unset it and run `make build`, which writes sample logs."
            ) }}
        {%- endif -%}
        {%- set matching = [] -%}
        {%- for name in names if modules.re.match(var('delivery_name_pattern'), name) -%}
            {%- do matching.append(name) -%}
        {%- endfor -%}
        {%- if matching | length == 0 -%}
            {{ exceptions.raise_compiler_error(
                "RAW_LOGS is '" ~ folder ~ "': none of its " ~ names | length ~ " files (" ~ names[:3] | join(', ')
                ~ ") is named like a delivery, YYYYMMDD[_part]_{play|down|search}.log[.gz|.tar.gz], "
                ~ "for example 20170330_1_play.log."
            ) }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
