-- How long each evaluated user's list is, and how surprising its songs are: a song that
-- one in 2^n listeners of the fit part has heard is worth n bits.
with recommendation_candidates as (

    select * from {{ ref('recommendation_candidates') }}
    where split <> 'serve'

),

recommendation_users as (

    select * from {{ ref('recommendation_users') }}
    where is_evaluated

),

recommendation_examples as (

    select * from {{ ref('recommendation_examples') }}

),

audiences as (

    select
        snapshot_date,
        split,
        count(distinct user_id) as users
    from recommendation_examples
    group by snapshot_date, split

),

songs as (

    select
        snapshot_date,
        split,
        song_id,
        count(*) as listeners
    from recommendation_examples
    group by snapshot_date, split, song_id

),

song_novelty as (

    select
        songs.snapshot_date,
        songs.split,
        songs.song_id,
        cast(
            -log2(cast(songs.listeners as double) / audiences.users)
            as decimal(18, 12)
        ) as novelty
    from songs
    inner join audiences
        on
            songs.snapshot_date = audiences.snapshot_date
            and songs.split = audiences.split

),

lists as (

    select
        recommendation_candidates.snapshot_date,
        recommendation_candidates.split,
        recommendation_candidates.recommender,
        {%- for cut in var('ranking_cuts') %}
        count(*) filter (
            where recommendation_candidates.rank <= {{ cut }}
        ) as listed_songs_{{ cut }},
        sum(song_novelty.novelty) filter (
            where recommendation_candidates.rank <= {{ cut }}
        ) as total_novelty_{{ cut }},
        {%- endfor %}
        recommendation_candidates.user_id
    from recommendation_candidates
    inner join recommendation_users
        on
            recommendation_candidates.snapshot_date = recommendation_users.snapshot_date
            and recommendation_candidates.split = recommendation_users.split
            and recommendation_candidates.user_id = recommendation_users.user_id
    left join song_novelty
        on
            recommendation_candidates.snapshot_date = song_novelty.snapshot_date
            and recommendation_candidates.split = song_novelty.split
            and recommendation_candidates.song_id = song_novelty.song_id
    group by
        recommendation_candidates.snapshot_date,
        recommendation_candidates.split,
        recommendation_candidates.recommender,
        recommendation_candidates.user_id

),

final as (

    {%- for cut in var('ranking_cuts') %}
    select
        snapshot_date,
        split,
        recommender,
        user_id,
        {{ cut }} as k,
        listed_songs_{{ cut }} as listed_songs,
        coalesce(cast(total_novelty_{{ cut }} as double), 0) as total_novelty
    from lists
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from final
