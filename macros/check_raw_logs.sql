{#-
    Stops a build at its start, with a sentence, where there is nothing to build from.
    An empty folder would otherwise be taken for the truth and empty every table.
-#}
{% macro check_raw_logs() %}
    {%- set deliveries = source('player_logs', 'deliveries') -%}
    {%- if
        execute
        and flags.WHICH in ('build', 'run')
        and 'model.music_box.landed_files' in selected_resources
    -%}
        {%- for event in var('required_events') if event not in var('log_fields') -%}
            {{ exceptions.raise_compiler_error(
                "required_events names '" ~ event ~ "', which is no event of the logs. "
                ~ "Events are " ~ var('log_fields') | join(', ')
                ~ ". Correct the var in dbt_project.yml or in --vars."
            ) }}
        {%- endfor -%}
        {%- set names = run_query(
            "select regexp_extract(file, '[^/]*$', 0) from " ~ deliveries
        ).columns[0].values() -%}
        {%- set matching = [] -%}
        {%- set pattern = var('delivery_name_pattern') -%}
        {%- for name in names if modules.re.match(pattern, name) -%}
            {%- do matching.append(name) -%}
        {%- endfor -%}
        {%- if matching | length == 0 -%}
            {{ exceptions.raise_compiler_error(
                "RAW_LOGS is '"
                ~ graph.sources[
                    'source.music_box.player_logs.deliveries'
                ].config.meta.folder
                ~ "': there is no such folder, or no file in it is named "
                ~ "like a delivery, "
                ~ "YYYYMMDD[_part]_{play|down|search}.log[.gz|.tar.gz], for example "
                ~ "20170330_1_play.log. Set RAW_LOGS to a folder of deliveries, or "
                ~ "unset it and run `make build`, which writes sample logs."
            ) }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
