-- Whose future is unknown: the users that models are for.
with user_features as (

    select * from {{ ref('user_features') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

),

final as (

    select user_features.*
    from user_features
    inner join snapshots
        on
            user_features.snapshot_date = snapshots.snapshot_date
            and snapshots.role = 'scoring'

)

select * from final
