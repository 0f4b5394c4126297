{#-
    Says, at the end of a build, what came and what stands on it, so that empty tables
    are never a riddle.
-#}
{% macro print_summary(results) %}
    {%- if execute and flags.WHICH == 'build' -%}
        {%- set built = {} -%}
        {%- for result in results if result.status == 'success' -%}
            {%- do built.update({result.node.name: result.node.relation_name}) -%}
        {%- endfor -%}
        {%- if 'rpt_deliveries' in built and 'snapshots' in built -%}
            {%- set deliveries = run_query(
                "select status, count(*), coalesce(sum(lines), 0), coalesce(sum(records), 0), coalesce(sum(rejected_lines), 0)
                from " ~ built['rpt_deliveries'] ~ " group by status order by status"
            ).rows -%}
            {%- do print('') -%}
            {%- for status, files, lines, records, rejected in deliveries -%}
                {%- set lines_text = '' if status in ['ignored', 'unreadable'] else ', ' ~ '{:,}'.format(lines | int) ~ ' lines' -%}
                {%- set records_text = '' if status != 'accepted'
                    else ', ' ~ '{:,}'.format(records | int) ~ ' records, rejected lines: ' ~ '{:,}'.format(rejected | int) -%}
                {%- do print(status ~ ': ' ~ files ~ ' files' ~ lines_text ~ records_text) -%}
            {%- endfor -%}
            {%- set snapshots = run_query(
                "select snapshot_date, role, users, churn_rate, coalesce(skip_reason, '')
                from " ~ built['snapshots'] ~ " order by snapshot_date desc"
            ).rows -%}
            {%- for snapshot_date, role, users, churn_rate, skip_reason in snapshots -%}
                {%- set churn_text = '' if churn_rate is none else ', churn rate ' ~ '{:.3f}'.format(churn_rate | float) -%}
                {%- do print('snapshot ' ~ snapshot_date ~ ': ' ~ role ~ (
                    ', ' ~ skip_reason if skip_reason else ', ' ~ '{:,}'.format(users | int) ~ ' users' ~ churn_text
                )) -%}
            {%- else -%}
                {%- do print('no snapshot: the logs hold no record') -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
