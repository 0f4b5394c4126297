-- Styles that listening itself draws, whatever genres are called: each factor of the
-- non-negative factorisation, shown by the songs that are most of it.
with song_factors as (

    select * from {{ ref('song_factors') }}

),

song_style_shares as (

    select * from {{ ref('song_style_shares') }}

),

songs as (

    select * from {{ ref('songs') }}

),

ranked as (

    select
        snapshot_date,
        factor as style,
        row_number() over (
            partition by snapshot_date, factor
            order by value desc, song_id asc
        ) as song_rank,
        song_id,
        value as loading
    from song_factors
    where recommender = 'nmf' and value > 0
    qualify song_rank <= {{ var('style_songs') }}

),

final as (

    select
        ranked.snapshot_date,
        cast(ranked.style as integer) as style,
        cast(ranked.song_rank as integer) as song_rank,
        ranked.song_id,
        songs.song_name,
        songs.singer,
        ranked.loading,
        song_style_shares.style_share
    from ranked
    inner join song_style_shares
        on
            ranked.snapshot_date = song_style_shares.snapshot_date
            and ranked.style = song_style_shares.style
    inner join songs
        on
            ranked.snapshot_date = songs.snapshot_date
            and ranked.song_id = songs.song_id

)

select * from final
