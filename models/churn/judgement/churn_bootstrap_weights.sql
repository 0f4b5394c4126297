-- How often each resample holds each user whose outcome is known. All models and splits
-- share the draws.
with judged_users as (

    select distinct user_id
    from {{ ref('churn_predictions') }}
    where is_churned is not null

),

final as (

    {{ bootstrap_weights('judged_users') }}

)

select * from final
