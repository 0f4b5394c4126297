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
                "select
                    status,
                    count(*),
                    coalesce(sum(lines), 0),
                    coalesce(sum(records), 0),
                    coalesce(sum(rejected_lines), 0)
                from " ~ built['rpt_deliveries'] ~ " group by status order by status"
            ).rows -%}
            {%- do print('') -%}
            {%- for status, files, lines, records, rejected in deliveries -%}
                {%- set lines_text = ''
                    if status in ['ignored', 'unreadable']
                    else ', {:,} lines'.format(lines | int) -%}
                {%- set records_text = ''
                    if status != 'accepted'
                    else ', {:,} records, rejected lines: {:,}'.format(
                        records | int, rejected | int
                    ) -%}
                {%- do print(
                    status ~ ': ' ~ files ~ ' files' ~ lines_text ~ records_text
                ) -%}
            {%- endfor -%}
            {%- set snapshots = run_query(
                "select
                    snapshot_date, role, users, churn_rate, coalesce(skip_reason, '')
                from " ~ built['snapshots'] ~ " order by snapshot_date desc"
            ).rows -%}
            {%- for snapshot_date, role, users, churn_rate, skip_reason in snapshots -%}
                {%- set churn_text = ''
                    if churn_rate is none
                    else ', churn rate {:.3f}'.format(churn_rate | float) -%}
                {%- set snapshot_text = skip_reason
                    or '{:,} users'.format(users | int) ~ churn_text -%}
                {%- do print(
                    'snapshot ' ~ snapshot_date ~ ': ' ~ role ~ ', ' ~ snapshot_text
                ) -%}
            {%- else -%}
                {%- do print('no snapshot: the logs hold no record') -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
