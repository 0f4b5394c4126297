-- How good each list was for each judged user. A recommender that lists nothing for a
-- user of a group that it serves found nothing: everybody is judged on the same users.
-- What a user plays anyway is no discovery.
with recommendation_judged_users as (

    select * from {{ ref('recommendation_judged_users') }}
    where is_judged

),

recommendation_list_novelty as (

    select * from {{ ref('recommendation_list_novelty') }}

),

recommendation_hits as (

    select * from {{ ref('recommendation_hits') }}

),

cuts as (

    {%- for cut in var('ranking_cuts') %}
    select cast({{ cut }} as integer) as k
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

ideal_lists as (

    select
        number as songs,
        sum(1 / log2(1 + number)) over (order by number asc) as gain
    from {{ whole_numbers(1, var('ranking_cuts') | max) }} as numbers

),

evaluations as (

    select distinct
        recommendation_judged_users.snapshot_date,
        recommendation_judged_users.split,
        recommendation_judged_users.task,
        recommendation_judged_users.user_group,
        recommendation_list_novelty.recommender
    from recommendation_judged_users
    inner join recommendation_list_novelty
        on
            recommendation_judged_users.snapshot_date
            = recommendation_list_novelty.snapshot_date
            and recommendation_judged_users.split = recommendation_list_novelty.split
            and recommendation_judged_users.user_id
            = recommendation_list_novelty.user_id
    where
        recommendation_judged_users.task = 'listening'
        or recommendation_list_novelty.recommender <> 'what_they_play'

),

found as (

    select
        recommendation_hits.snapshot_date,
        recommendation_hits.split,
        recommendation_hits.task,
        recommendation_hits.recommender,
        recommendation_hits.user_id,
        cuts.k,
        count(*) as hits,
        {{ exact_sum('recommendation_hits.gain', 15) }} as gain,
        {{ exact_sum('recommendation_hits.precision_so_far', 15) }} as total_precision
    from recommendation_hits
    inner join cuts on recommendation_hits.rank <= cuts.k
    group by
        recommendation_hits.snapshot_date,
        recommendation_hits.split,
        recommendation_hits.task,
        recommendation_hits.recommender,
        recommendation_hits.user_id,
        cuts.k

),

final as (

    select
        users.snapshot_date,
        users.split,
        users.task,
        users.songs,
        users.user_group,
        evaluations.recommender,
        users.user_id,
        cuts.k,
        users.relevant_songs,
        coalesce(lists.listed_songs, 0) as listed_songs,
        coalesce(found.hits, 0) as hits,
        {{ ratio('found.hits', 'users.relevant_songs') }} as recall,
        {{ ratio('found.gain', 'ideal_lists.gain') }} as ndcg,
        {{ ratio('found.total_precision', 'ideal_lists.songs') }} as average_precision,
        coalesce(lists.total_novelty, 0) as total_novelty
    from recommendation_judged_users as users
    inner join evaluations
        using (snapshot_date, split, task, user_group)
    cross join cuts
    inner join ideal_lists
        on least(users.relevant_songs, cuts.k) = ideal_lists.songs
    left join recommendation_list_novelty as lists
        using (snapshot_date, split, recommender, user_id, k)
    left join found
        using (snapshot_date, split, task, recommender, user_id, k)

)

select * from final
