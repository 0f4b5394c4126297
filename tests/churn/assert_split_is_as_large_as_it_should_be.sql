-- The hash splits users as var `train_fraction` says, within five standard deviations
-- of chance.
with training_set as (

    select
        count(*) as users,
        count(*) filter (where split = 'train') as train_users
    from {{ ref('churn_training_set') }}

)

select *
from training_set
where
    abs(train_users - users * {{ var('train_fraction') }})
    > 5 * sqrt(users * {{ var('train_fraction') }} * (1 - {{ var('train_fraction') }}))
