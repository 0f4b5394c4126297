-- A pair is in the fit part of the random split or in its test part, never in both.
select
    user_id,
    song_id
from {{ ref('recommendation_test_pairs') }}
where split = 'random' and is_heard
