-- How often each resample holds each judged user. All recommenders, splits and tasks
-- share the draws.
with judged_users as (

    select distinct user_id
    from {{ ref('recommendation_judged_users') }}
    where is_judged

),

final as (

    {{ bootstrap_weights('judged_users') }}

)

select * from final
