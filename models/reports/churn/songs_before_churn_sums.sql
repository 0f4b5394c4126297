-- The Cochran-Mantel-Haenszel test of each song, without its p: churned listeners
-- against what their strata let expect. Not tested is a song with too few listeners, or
-- one whose strata leave no choice, since all or none of them churned or heard it.
with strata as (

    select * from {{ ref('songs_before_churn_strata') }}

),

cells as (

    select
        *,
        users - listeners as others,
        users - churned_users as staying_users,
        listeners - churned_listeners as staying_listeners,
        churned_users - churned_listeners as churned_others,
        users - listeners - churned_users + churned_listeners as staying_others
    from strata

),

-- doubles first: products of four counts can leave the whole numbers
terms as (

    select
        snapshot_date,
        song_id,
        listeners,
        churned_listeners,
        cast(listeners as double) * churned_users / users as expected_churned_listeners,
        {{ ratio(
            'cast(listeners as double) * others * churned_users * staying_users',
            'cast(users as double) * users * (users - 1)'
        ) }} as hypergeometric_variance,
        cast(churned_listeners as double) * staying_others / users as concordant,
        cast(staying_listeners as double) * churned_others / users as discordant
    from cells

),

sums as (

    select
        snapshot_date,
        song_id,
        sum(listeners) as listeners,
        sum(churned_listeners) as churned_listeners,
        {{ exact_sum('expected_churned_listeners') }} as expected_churned_listeners,
        {{ exact_sum('churned_listeners - expected_churned_listeners') }} as excess,
        {{ exact_sum('hypergeometric_variance') }} as variance,
        {{ exact_sum('concordant') }} as concordant,
        {{ exact_sum('discordant') }} as discordant
    from terms
    group by snapshot_date, song_id

),

final as (

    select
        snapshot_date,
        song_id,
        listeners,
        churned_listeners,
        expected_churned_listeners,
        concordant / nullif(discordant, 0.0) as odds_ratio,
        excess / sqrt(variance) as z_statistic
    from sums
    where listeners >= {{ var('minimum_song_listeners') }} and variance > 0

)

select * from final
