{#-
    Pre-hook of published_copy: tells it, by a variable of the connection, whether to
    publish. A part of a build would publish tables of different days, or untested ones;
    only what is tagged `training` may be left out, as the selector `daily` does. Of
    `dbt retry` nobody knows what was built in between: it selects nothing.
-#}
{% macro check_whole_build() -%}
    {%- if execute -%}
        {%- set above = [model.unique_id] -%}
        {#- the list grows while it is read, until the first models are reached -#}
        {%- for unique_id in above if unique_id in graph.nodes -%}
            {%- for parent in graph.nodes[unique_id].depends_on.get('nodes', []) -%}
                {%- do above.append(parent) if parent not in above -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- set training = [] -%}
        {%- for node in graph.nodes.values() if 'training' in node.tags -%}
            {%- do training.append(node.unique_id) -%}
        {%- endfor -%}
        {%- set selected = set(selected_resources) -%}
        {%- set left_out = [] -%}
        {%- for node in graph.nodes.values() if node.unique_id not in selected -%}
            {#- a test runs before published_copy if all that it asks of is above -#}
            {%- set asked = node.depends_on.nodes
                if node.resource_type == 'test' else [node.unique_id] -%}
            {#- of a model that is disabled on this engine a test asks nothing -#}
            {%- if asked
                and not asked | reject('in', above) | list
                and not asked | select('in', training) | list -%}
                {%- do left_out.append(node) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set reasons = [] -%}
        {%- if flags.WHICH != 'build' -%}
            {%- do reasons.append('`dbt ' ~ flags.WHICH ~ '` runs no tests') -%}
        {%- elif flags.EMPTY or flags.SAMPLE -%}
            {%- do reasons.append('the tables hold no or few rows on purpose') -%}
        {%- elif left_out -%}
            {%- do reasons.append(
                left_out | length ~ ' of the models and tests above it were left out: '
                ~ (left_out | sort(attribute='resource_type,name')
                    | map(attribute='name') | list)[:3] | join(', ')
                ~ (' …' if left_out | length > 3 else '')
            ) -%}
        {%- endif -%}
        {%- for reason in reasons -%}
            {%- do exceptions.warn(
                'published_copy publishes nothing and leaves what is published '
                ~ 'as it is: ' ~ reason
                ~ '. To publish: `dbt build`, or `dbt build --selector daily`.'
            ) -%}
        {%- endfor -%}
        set variable is_whole_build = {{ not reasons }}
    {%- endif -%}
{%- endmacro %}
