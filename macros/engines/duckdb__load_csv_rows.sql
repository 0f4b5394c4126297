{#-
    Loads a seed from its file. As dbt-duckdb does it, but for the path: a quote or a
    bracket in the name of the project's folder is a letter.
-#}
{% macro duckdb__load_csv_rows(model, agate_table) -%}
    {%- set sql -%}
        copy {{ this.render() }}
        from '{{ escape_glob(adapter.get_seed_file_path(model)) }}'
        (format csv, header true)
    {%- endset -%}
    {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {{ return(sql) }}
{%- endmacro %}
