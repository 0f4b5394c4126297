-- What may be offered to whom in each stage: rules of the seeds, no data. In the
-- revenue stage an action dearer than winning a new user gives way to the fallback.
with retention_actions as (

    select * from {{ ref('retention_actions') }}

),

customer_values as (

    select * from {{ ref('customer_values') }}

),

stages as (

    select 'stickiness' as stage
    union all
    select 'revenue' as stage

),

final as (

    select
        stages.stage,
        customer_values.is_paying,
        retention_actions.action,
        retention_actions.success_rate,
        customer_values.customer_value,
        retention_actions.cost
    from stages
    cross join customer_values
    inner join retention_actions
        on
            case
                when customer_values.is_paying then retention_actions.is_for_paying
                else retention_actions.is_for_free
            end
    where
        stages.stage = 'stickiness'
        or retention_actions.cost <= customer_values.acquisition_cost
        or retention_actions.is_fallback

)

select * from final
