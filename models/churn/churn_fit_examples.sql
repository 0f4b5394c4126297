-- What fitting may see: train users of labelled snapshots. No model that fits reads
-- anything else, so that test users cannot reach one by mistake.
with examples as (

    select * from {{ ref('churn_examples') }}

),

final as (

    select * exclude (split)
    from examples
    where split = 'train'

)

select * from final
