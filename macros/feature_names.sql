{#-
    The features, in one place: the columns that the yml of `user_features` declares,
    without the keys; names separated by commas, since sqlfluff cannot take a list from
    a macro. Where dbt shows no graph, or not yet all of it (while it parses, and in
    unit tests), one feature stands for all.
-#}
{% macro feature_names() -%}
    {%- set user_features
        = (graph.nodes or {}).get('model.music_box.user_features') -%}
    {%- if user_features -%}
        {{ user_features.columns.keys()
            | reject('in', ['snapshot_date', 'user_id']) | join(',') }}
    {%- else -%}
        days_since_last_event
    {%- endif -%}
{%- endmacro %}
