-- Share of each user's plays that are dirty in a field, summed up for churned and for
-- staying users. Shares are taken to a billionth, so that their sums of squares are
-- exact.
with window_plays as (

    select * from {{ ref('int_window_plays') }}

),

churn_labels as (

    select * from {{ ref('churn_labels') }}

),

user_shares as (

    select
        snapshot_date,
        user_id,
        {{ whole_quotient(
            'count(*) filter (where song_seconds = 0) * 1000000000', 'count(*)'
        ) }} as song_length_zero,
        {{ whole_quotient(
            'count(*) filter (where not coalesce(play_seconds >= 0, false))'
            ~ ' * 1000000000',
            'count(*)'
        ) }} as play_time_missing
    from window_plays
    group by snapshot_date, user_id

),

final as (

    {%- for field in ['song_length_zero', 'play_time_missing'] %}
    select
        user_shares.snapshot_date,
        '{{ field }}' as field,
        churn_labels.is_churned,
        count(*) as users,
        cast(sum(user_shares.{{ field }}) as double) / count(*) / 1e9 as mean_share,
        {{ population_stddev(
            'count(*)',
            'sum(user_shares.' ~ field ~ ')',
            wide_sum('user_shares.' ~ field ~ ' * user_shares.' ~ field)
        ) }} / 1e9 as share_stddev
    from user_shares
    inner join churn_labels
        on
            user_shares.snapshot_date = churn_labels.snapshot_date
            and user_shares.user_id = churn_labels.user_id
    group by user_shares.snapshot_date, churn_labels.is_churned
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from final
