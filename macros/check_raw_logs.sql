{#-
    Stops a build at its start, with a sentence, where there is nothing to build from.
    An empty folder would otherwise be taken for the truth and empty every table.
-#}
{% macro check_raw_logs() %}
    {%- if execute and flags.WHICH in ('build', 'run') and 'model.music_box.landed_files' in selected_resources -%}
        {%- set folder = graph.nodes['model.music_box.landed_files'].config.meta.raw_logs -%}
        {%- set files = run_query(
            "select parse_filename(file) as name from glob('" ~ folder | replace("'", "''") ~ "/*')"
        ).columns[0].values() -%}
        {%- if files | length == 0 -%}
            {{ exceptions.raise_compiler_error(
                "RAW_LOGS is '" ~ folder ~ "': there is no such folder, or it is empty. "
                ~ "Set RAW_LOGS to a folder of deliveries, or unset it and run `make build`, which writes sample logs."
            ) }}
        {%- endif -%}
        {%- set namespace = namespace(deliveries=0) -%}
        {%- for name in files if modules.re.match(var('delivery_name_pattern'), name) -%}
            {%- set namespace.deliveries = namespace.deliveries + 1 -%}
        {%- endfor -%}
        {%- if namespace.deliveries == 0 -%}
            {{ exceptions.raise_compiler_error(
                "RAW_LOGS is '" ~ folder ~ "': none of its " ~ files | length ~ " files (" ~ files[:3] | join(', ')
                ~ ") is named like a delivery, YYYYMMDD[_part]_{play|down|search}.log[.gz|.tar.gz], for example 20170330_1_play.log."
            ) }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
