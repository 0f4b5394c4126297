-- The days for which anything was delivered, and those whose date cannot be right.
with deliveries as (

    select * from {{ ref('stg_player_logs__deliveries') }}
    where status = 'accepted'

),

final as (

    {{ judged_days('deliveries') }}

)

select * from final
