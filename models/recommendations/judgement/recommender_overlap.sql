-- Do recommenders agree? Songs that every two, and all, of the study's recommenders
-- have in common at the top of the lists of today's users. Who has no list, or no
-- common song, counts with 0.
{%- set recommenders = ['item_item', 'nmf', 'truncated_svd'] %}
{%- set groups = [
    ['item_item', 'nmf'], ['item_item', 'truncated_svd'], ['nmf', 'truncated_svd'],
    recommenders
] %}
{%- set lengths = [var('recommended_songs'), var('candidate_count')] %}
with recommendation_users as (

    select * from {{ ref('recommendation_users') }}
    where split = 'serve' and is_in_matrix

),

recommendation_lists as (

    select * from {{ ref('recommendation_lists') }}
    where
        split = 'serve'
        and recommender in (
            '{{ recommenders | join("',
            '") }}'
        )

),

users as (

    select
        snapshot_date,
        count(*) as users,
        min_by(
            user_id, {{ hash_fraction('user_id', 'overlap_example') }}
        ) as example_user_id
    from recommendation_users
    group by snapshot_date

),

fitted as (

    select
        snapshot_date,
        recommender
    from recommendation_lists
    group by snapshot_date, recommender

),

listed_songs as (

    select
        snapshot_date,
        {%- for recommender in recommenders %}
        coalesce(
            max(rank) filter (where recommender = '{{ recommender }}'),
            {{ var('candidate_count') + 1 }}
        ) as {{ recommender }}_rank,
        {%- endfor %}
        user_id,
        song_id
    from recommendation_lists
    group by snapshot_date, user_id, song_id

),

lengths as (

    {%- for length in lengths %}
    select cast({{ length }} as integer) as top_songs
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

comparisons as (

    {%- for group in groups %}
    select
        users.snapshot_date,
        '{{ group | join(", ") }}' as recommenders,
        cast({{ group | length }} as integer) as recommender_count,
        lengths.top_songs,
        users.users,
        users.example_user_id
    from users
    inner join fitted on users.snapshot_date = fitted.snapshot_date
    cross join lengths
    where
        fitted.recommender in (
            '{{ group | join("',
            '") }}'
        )
    group by
        users.snapshot_date, users.users, users.example_user_id, lengths.top_songs
    having count(*) = {{ group | length }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

common_songs as (

    {%- for group in groups %}
    select
        snapshot_date,
        user_id,
        '{{ group | join(", ") }}' as recommenders,
        greatest(
            {%- for recommender in group %}
            {{ recommender }}_rank,
            {%- endfor %}
            0
        ) as lowest_rank
    from listed_songs
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

final as (

    select
        comparisons.snapshot_date,
        comparisons.recommenders,
        comparisons.recommender_count,
        comparisons.top_songs,
        comparisons.users,
        {{ ratio('count(common_songs.user_id)', 'comparisons.users') }}
            as mean_common_songs,
        comparisons.example_user_id,
        count(common_songs.user_id) filter (
            where common_songs.user_id = comparisons.example_user_id
        ) as example_common_songs
    from comparisons
    left join common_songs
        on
            comparisons.snapshot_date = common_songs.snapshot_date
            and comparisons.recommenders = common_songs.recommenders
            and comparisons.top_songs >= common_songs.lowest_rank
    group by
        comparisons.snapshot_date,
        comparisons.recommenders,
        comparisons.recommender_count,
        comparisons.top_songs,
        comparisons.users,
        comparisons.example_user_id

)

select * from final
