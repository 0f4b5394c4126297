-- Who fills the lists that people see: the policy of var `recommendation_policy`, or
-- the one that did best on validation users. Where nothing could be compared, there is
-- no reason to prefer anything to popularity.
{%- set policy = var('recommendation_policy') %}
with recommendation_splits as (

    select * from {{ ref('recommendation_splits') }}

),

blend_decisions as (

    select * from {{ ref('blend_decisions') }}

),

ranked as (

    select
        recommendation_splits.snapshot_date,
        blend_decisions.policy,
        blend_decisions.validation_ndcg,
        row_number() over (
            partition by recommendation_splits.snapshot_date
            order by
                blend_decisions.validation_ndcg desc nulls last,
                blend_decisions.policy asc nulls last
        ) as policy_rank
    from recommendation_splits
    left join blend_decisions
        on
            recommendation_splits.snapshot_date = blend_decisions.snapshot_date
            and recommendation_splits.split = blend_decisions.split
            and (
                '{{ policy }}' = 'best'
                or blend_decisions.policy = '{{ policy }}'
            )
    where recommendation_splits.split = 'serve'

),

final as (

    select
        snapshot_date,
        coalesce(
            policy, '{{ 'popularity' if policy == 'best' else policy }}'
        ) as policy,
        validation_ndcg
    from ranked
    where policy_rank = 1

)

select * from final
