-- Family A. How much of a song does the user hear? Whoever stops finishing songs is
-- about to leave.
with user_days as (

    select * from {{ ref('int_snapshot_user_days') }}

),

counted as (

    select
        snapshot_date,
        user_id,
        sum(plays) as plays,
        {%- for border in var('completion_band_borders') %}
        sum(plays_band_{{ loop.index }}) as plays_band_{{ loop.index }},
        {%- endfor %}
        {{ sum_last_days('completed_plays', 7) }} as completed_plays_7d,
        {{ sum_last_days('completed_plays', var('feature_window_days')) }}
            as completed_plays_30d
    from user_days
    group by snapshot_date, user_id

),

final as (

    select
        snapshot_date,
        user_id,
        {{ ratio('plays_band_1', 'plays') }} as play_share_0_20,
        {{ ratio('plays_band_2', 'plays') }} as play_share_20_40,
        {{ ratio('plays_band_3', 'plays') }} as play_share_40_60,
        {{ ratio('plays_band_4', 'plays') }} as play_share_60_80,
        {{ ratio('plays_band_5', 'plays') }} as play_share_80_plus,
        {{ ratio('completed_plays_7d', 'completed_plays_30d') }}
            as completed_plays_7d_over_30d
    from counted

)

select * from final
