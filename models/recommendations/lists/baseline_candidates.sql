-- The lists of those who learn nothing: what a recommender has to beat to earn its
-- place.
{{ config(materialized='view') }}

with popularity_candidates as (

    select * from {{ ref('popularity_candidates') }}

),

same_singer_candidates as (

    select * from {{ ref('same_singer_candidates') }}

),

own_song_candidates as (

    select * from {{ ref('own_song_candidates') }}

),

final as (

    select * from popularity_candidates

    union all

    select * from same_singer_candidates

    union all

    select * from own_song_candidates

)

select * from final
