-- How the policies compare on the validation users that decide. What is served is
-- decided by the temporal split where there is one.
with splits as (

    select * from {{ ref('recommendation_splits') }}

),

tuning as (

    select * from {{ ref('recommender_tuning') }}

),

deciding_splits as (

    select
        splits.snapshot_date,
        splits.split,
        case
            when splits.split = 'serve' and exists (
                select 1
                from tuning
                where tuning.split = 'temporal'
            ) then 'temporal'
            else splits.split
        end as deciding_split
    from splits

),

final as (

    select
        deciding_splits.snapshot_date,
        deciding_splits.split,
        tuning.recommender as policy,
        tuning.decision_ndcg as validation_ndcg,
        row_number() over (
            partition by deciding_splits.snapshot_date, deciding_splits.split
            order by tuning.decision_ndcg desc, tuning.recommender asc
        ) = 1 as is_chosen
    from deciding_splits
    inner join tuning on deciding_splits.deciding_split = tuning.split
    where
        tuning.recommender in ('learnt_blend', 'report_weights')
        and tuning.decision_ndcg is not null

)

select * from final
