-- Whom recommenders are judged on in each task, and how many songs there are to find.
-- Who has none says nothing about a list, and is counted rather than judged.
{%- set tasks = [
    ('temporal', 'discovery', 'new'),
    ('temporal', 'listening', 'all'),
    ('random', 'discovery', 'new'),
] %}
with recommendation_users as (

    select * from {{ ref('recommendation_users') }}

),

recommendation_relevant_songs as (

    select * from {{ ref('recommendation_relevant_songs') }}

),

tasks as (

    {%- for split, task, songs in tasks %}
    select
        '{{ split }}' as split,
        '{{ task }}' as task,
        '{{ songs }}' as songs
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

to_find as (

    select
        snapshot_date,
        split,
        task,
        user_id,
        count(*) as relevant_songs
    from recommendation_relevant_songs
    group by snapshot_date, split, task, user_id

),

final as (

    select
        recommendation_users.snapshot_date,
        recommendation_users.split,
        tasks.task,
        tasks.songs,
        case
            when recommendation_users.is_in_matrix then 'matrix' else 'cold'
        end as user_group,
        recommendation_users.user_id,
        coalesce(to_find.relevant_songs, 0) as relevant_songs,
        to_find.relevant_songs is not null as is_judged
    from recommendation_users
    inner join tasks on recommendation_users.split = tasks.split
    left join to_find
        on
            recommendation_users.snapshot_date = to_find.snapshot_date
            and recommendation_users.split = to_find.split
            and tasks.task = to_find.task
            and recommendation_users.user_id = to_find.user_id
    where recommendation_users.is_evaluated

)

select * from final
