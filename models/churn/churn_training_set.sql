-- Features and labels of the training snapshot, with a split by user that never
-- changes.
with user_features as (

    select * from {{ ref('user_features') }}

),

churn_labels as (

    select * from {{ ref('churn_labels') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

),

final as (

    select
        user_features.*,
        churn_labels.is_churned,
        case
            when
                {{ hash_fraction('user_features.user_id', 'split') }}
                < {{ var('train_fraction') }}
                then 'train'
            else 'test'
        end as split
    from user_features
    inner join churn_labels
        on
            user_features.snapshot_date = churn_labels.snapshot_date
            and user_features.user_id = churn_labels.user_id
    inner join snapshots
        on
            user_features.snapshot_date = snapshots.snapshot_date
            and snapshots.role = 'training'

)

select * from final
