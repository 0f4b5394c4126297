-- The stage of the product and the actions it allows, for people to read.
-- `churn_offers` says which stage was known on which day.
with stages as (

    select * from {{ ref('churn_stages') }}

),

stage_actions as (

    select * from {{ ref('churn_stage_actions') }}

),

customer_values as (

    select * from {{ ref('customer_values') }}

),

churn_labels as (

    select * from {{ ref('churn_labels') }}

),

user_features as (

    select * from {{ ref('user_features') }}

),

allowed_actions as (

    select
        stage,
        is_paying,
        {{ joined_texts('action', 'action asc') }} as allowed_actions
    from stage_actions
    group by stage, is_paying

),

user_types as (

    select
        churn_labels.snapshot_date,
        user_features.is_paying,
        count(*) as users,
        count(*) filter (where churn_labels.is_churned) as churned_users
    from churn_labels
    inner join user_features
        on
            churn_labels.snapshot_date = user_features.snapshot_date
            and churn_labels.user_id = user_features.user_id
    group by churn_labels.snapshot_date, user_features.is_paying

),

final as (

    select
        stages.snapshot_date,
        customer_values.is_paying,
        stages.stage,
        stages.churn_rate,
        coalesce(user_types.users, 0) as users,
        coalesce(user_types.churned_users, 0) as churned_users,
        coalesce(allowed_actions.allowed_actions, '') as allowed_actions,
        customer_values.acquisition_cost
    from stages
    cross join customer_values
    left join user_types
        on
            stages.snapshot_date = user_types.snapshot_date
            and customer_values.is_paying = user_types.is_paying
    left join allowed_actions
        on
            stages.stage = allowed_actions.stage
            and customer_values.is_paying = allowed_actions.is_paying

)

select * from final
