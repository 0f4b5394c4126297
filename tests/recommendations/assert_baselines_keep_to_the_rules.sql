-- Nothing is listed from outside the catalogue, nothing that a user disliked, and
-- nothing that they know but by the recommender that lists just that.
with candidates as (

    select * from {{ ref('baseline_candidates') }}

),

catalogue as (

    select * from {{ ref('recommendation_catalogue') }}

),

exclusions as (

    select * from {{ ref('recommendation_exclusions') }}

),

dislikes as (

    select * from {{ ref('song_dislikes') }}

)

select
    candidates.split,
    candidates.recommender,
    candidates.user_id,
    candidates.song_id
from candidates
left join catalogue
    on
        candidates.snapshot_date = catalogue.snapshot_date
        and candidates.split = catalogue.split
        and candidates.song_id = catalogue.song_id
left join exclusions
    on
        candidates.snapshot_date = exclusions.snapshot_date
        and candidates.split = exclusions.split
        and candidates.user_id = exclusions.user_id
        and candidates.song_id = exclusions.song_id
left join dislikes
    on
        candidates.snapshot_date = dislikes.snapshot_date
        and candidates.user_id = dislikes.user_id
        and candidates.song_id = dislikes.song_id
where
    catalogue.song_id is null
    or (candidates.recommender = 'what_they_play')
    <> coalesce(exclusions.is_rated, false)
    or exclusions.is_rated = false
    -- a song may be skipped in the test part of the random split, which nobody knows
    or (dislikes.reason is not null and exclusions.is_rated)
