-- The five completion shares of a user add up to 1, or are all 0 without a cleaned
-- play.
with play_completion as (

    select
        *,
        play_share_0_20
        + play_share_20_40
        + play_share_40_60
        + play_share_60_80
        + play_share_80_plus as all_shares
    from {{ ref('ftr_play_completion') }}

)

select *
from play_completion
where all_shares <> 0 and abs(all_shares - 1) > 1e-9
