{#-
    Says, at the end of a build, what came, what stands on it and which model won, so
    that empty tables are never a riddle.
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
        {%- if 'rpt_drift' in built -%}
            {%- set beyond = run_query(
                "select
                    severity, check_name, message,
                    count(*) over (partition by check_name) - 1
                from " ~ built['rpt_drift'] ~ "
                where is_beyond
                qualify row_number() over (
                    partition by check_name
                    order by abs(measured_value - expected_value) desc, subject asc
                ) = 1
                order by severity, check_name"
            ).rows -%}
            {%- for severity, check_name, message, others in beyond -%}
                {%- do print(
                    severity ~ ': ' ~ check_name | replace('_', ' ') ~ ': ' ~ message
                    ~ ('; and {:,} more'.format(others | int) if others else '')
                ) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- if 'churn_models' in built and 'churn_model_metrics' in built -%}
            {%- set champions = run_query(
                "select
                    models.model_name, models.snapshot_date,
                    metrics.value, metrics.lower_bound, metrics.upper_bound,
                    metrics.users
                from " ~ built['churn_models'] ~ " as models
                inner join " ~ built['churn_model_metrics'] ~ " as metrics
                    on models.snapshot_date = metrics.snapshot_date
                    and models.model_name = metrics.model_name
                where models.is_champion
                    and metrics.split = 'test' and metrics.metric = 'auc'
                order by models.snapshot_date desc limit 1"
            ).rows -%}
            {%- for name, date, auc, low, high, users in champions -%}
                {%- set interval = ''
                    if auc is none or low is none
                    else ', AUC {:.3f} ({:.3f} to {:.3f})'.format(
                        auc | float, low | float, high | float
                    ) -%}
                {%- do print(
                    'champion: ' ~ name ~ interval
                    ~ ' on {:,} test users of {}'.format(users | int, date)
                ) -%}
            {%- else -%}
                {%- do print('no champion: no churn model could be fitted') -%}
            {%- endfor -%}
            {%- set skipped = run_query(
                "select
                    snapshot_date, skip_reason,
                    " ~ joined_texts('model_name', 'model_name') ~ "
                from " ~ built['churn_models'] ~ "
                where skip_reason is not null
                group by snapshot_date, skip_reason order by snapshot_date, skip_reason"
            ).rows -%}
            {%- for date, reason, names in skipped -%}
                {%- do print('not fitted on ' ~ date ~ ': ' ~ names ~ ': ' ~ reason) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- if 'recommendations' in built and 'recommendation_policies' in built
            and 'recommender_metrics' in built -%}
            {%- set lists = run_query(
                "select
                    policies.policy, count(distinct lists.user_id),
                    count(distinct lists.user_id) filter (
                        where lists.policy = policies.policy
                    )
                from " ~ built['recommendation_policies'] ~ " as policies
                inner join " ~ built['recommendations'] ~ " as lists
                    on policies.snapshot_date = lists.snapshot_date
                group by policies.policy"
            ).rows -%}
            {%- for policy, users, policy_users in lists -%}
                {%- set judged = run_query(
                    "select recommender, value, lower_bound, upper_bound
                    from " ~ built['recommender_metrics'] ~ "
                    where split = 'temporal' and task = 'discovery'
                        and songs = 'new' and user_group = 'matrix'
                        and metric = 'ndcg' and k = " ~ var('recommended_songs') ~ "
                        and recommender in ('" ~ policy ~ "', 'popularity')
                        and lower_bound is not null
                    order by recommender = 'popularity', recommender"
                ).rows -%}
                {%- set judged_texts = [] -%}
                {%- for recommender, value, low, high in judged -%}
                    {%- if recommender == policy -%}
                        {%- do judged_texts.append(
                            ', NDCG@{} on new songs {:.3f} ({:.3f} to {:.3f})'.format(
                                var('recommended_songs'),
                                value | float, low | float, high | float
                            )
                        ) -%}
                    {%- elif judged_texts -%}
                        {%- do judged_texts.append(
                            ', popularity {:.3f}'.format(value | float)
                        ) -%}
                    {%- endif -%}
                {%- endfor -%}
                {%- do print(
                    'recommendations: {:,} users x {} songs, {:,} of them by {}'.format(
                        users | int, var('recommended_songs'),
                        policy_users | int, policy
                    ) ~ judged_texts | join('')
                ) -%}
            {%- else -%}
                {%- do print('recommendations: none, there is nobody to give any') -%}
            {%- endfor -%}
        {%- endif -%}
        {%- if 'churn_risk_users' in built -%}
            {%- set scored, to_contact = run_query(
                "select count(*), count(*) filter (where is_to_contact)
                from " ~ built['churn_risk_users']
            ).rows[0] -%}
            {%- do print(
                'churn_risk_users: {:,} users scored, {:,} to contact'.format(
                    scored | int, to_contact | int
                )
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
