-- How much of everybody's ratings each style explains. What a factorisation gives to
-- the songs of a style it can take from the users': only the product has a size.
with song_factors as (

    select * from {{ ref('song_factors') }}

),

user_factors as (

    select * from {{ ref('user_factors') }}

),

song_sums as (

    select
        snapshot_date,
        factor,
        {{ exact_sum('value', 12) }} as total
    from song_factors
    where recommender = 'nmf'
    group by snapshot_date, factor

),

user_sums as (

    select
        snapshot_date,
        factor,
        {{ exact_sum('value', 12) }} as total
    from user_factors
    where recommender = 'nmf'
    group by snapshot_date, factor

),

weights as (

    select
        song_sums.snapshot_date,
        song_sums.factor,
        song_sums.total * user_sums.total as weight
    from song_sums
    inner join user_sums
        on
            song_sums.snapshot_date = user_sums.snapshot_date
            and song_sums.factor = user_sums.factor

),

totals as (

    select
        snapshot_date,
        {{ ordered_sum('weight', 'factor') }} as weight
    from weights
    group by snapshot_date

),

final as (

    select
        weights.snapshot_date,
        weights.factor as style,
        {{ ratio('weights.weight', 'totals.weight') }} as style_share
    from weights
    inner join totals on weights.snapshot_date = totals.snapshot_date

)

select * from final
