-- Everything that is known of every labelled snapshot: features, label, split and fold.
-- Both are hashes of the user, so that a user is in the same part in all snapshots.
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
        end as split,
        cast(
            floor(
                {{ hash_fraction('user_features.user_id', 'fold') }}
                * {{ var('out_of_fold_folds') }}
            ) as bigint
        ) as fold,
        snapshots.label_end_date
    from user_features
    inner join churn_labels
        on
            user_features.snapshot_date = churn_labels.snapshot_date
            and user_features.user_id = churn_labels.user_id
    inner join snapshots on user_features.snapshot_date = snapshots.snapshot_date

)

select * from final
