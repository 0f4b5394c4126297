-- Nothing that makes recommendations has what they are judged by among its ancestors:
-- a rule of the lineage, which no later model can break unseen.
-- depends_on: {{ ref('recommendation_test_pairs') }}
{%- set secrets = ['int_label_user_songs', 'recommendation_test_pairs'] %}
{%- set makers = [
    'baseline_candidates', 'recommendation_lists', 'recommendation_candidates',
    'recommendation_policies', 'recommendations'
] %}
{%- set nodes = graph.nodes or {} %}
{%- set reached = [] %}
{%- set waiting = [] %}
{%- for node in nodes.values() if node.name in makers %}
    {%- do waiting.append(node.unique_id) %}
{%- endfor %}
{#- a loop over a list that grows visits the parents that are added, too -#}
{%- for unique_id in waiting %}
    {%- for parent in nodes[unique_id].depends_on.nodes
        if parent in nodes and parent not in waiting %}
        {%- do waiting.append(parent) %}
    {%- endfor %}
{%- endfor %}
{%- for unique_id in waiting if nodes[unique_id].name in secrets %}
    {%- do reached.append(nodes[unique_id].name) %}
{%- endfor %}
{%- for name in reached %}
select '{{ name }}' as reached_by_what_recommends
union all
{%- endfor %}
select 'nothing that recommends was found' as reached_by_what_recommends
where {{ waiting | length }} = 0
