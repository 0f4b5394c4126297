-- How much of the catalogue the lists of all judged users hold together.
with recommendation_user_metrics as (

    select * from {{ ref('recommendation_user_metrics') }}

),

recommendation_candidates as (

    select * from {{ ref('recommendation_candidates') }}
    where split <> 'serve'

),

recommendation_catalogue as (

    select * from {{ ref('recommendation_catalogue') }}

),

judged_lists as (

    select distinct
        snapshot_date,
        split,
        task,
        songs,
        user_group,
        recommender,
        user_id
    from recommendation_user_metrics

),

catalogues as (

    select
        snapshot_date,
        split,
        count(*) as catalogue_songs
    from recommendation_catalogue
    group by snapshot_date, split

),

listed_songs as (

    select
        judged_lists.snapshot_date,
        judged_lists.split,
        judged_lists.task,
        judged_lists.songs,
        judged_lists.user_group,
        judged_lists.recommender,
        recommendation_candidates.song_id,
        min(recommendation_candidates.rank) as best_rank
    from recommendation_candidates
    inner join judged_lists using (snapshot_date, split, recommender, user_id)
    inner join recommendation_catalogue using (snapshot_date, split, song_id)
    group by all

),

evaluations as (

    select
        snapshot_date,
        split,
        task,
        songs,
        user_group,
        recommender,
        k,
        count(*) as users
    from recommendation_user_metrics
    group by snapshot_date, split, task, songs, user_group, recommender, k

),

final as (

    select
        evaluations.snapshot_date,
        evaluations.split,
        evaluations.task,
        evaluations.songs,
        evaluations.user_group,
        evaluations.recommender,
        evaluations.k,
        {{ ratio(
            'count(*) filter (where listed_songs.best_rank <= evaluations.k)',
            'any_value(catalogues.catalogue_songs)'
        ) }} as coverage,
        evaluations.users
    from evaluations
    left join listed_songs
        using (snapshot_date, split, task, songs, user_group, recommender)
    left join catalogues using (snapshot_date, split)
    group by all

)

select * from final
