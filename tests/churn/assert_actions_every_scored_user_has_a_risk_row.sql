-- Where the champion has scored the scoring snapshot, each of its users has one row in
-- the list of users at risk, and nobody else.
with champion_snapshots as (

    select distinct predictions.snapshot_date
    from {{ ref('churn_predictions') }} as predictions
    inner join {{ ref('churn_models') }} as models
        on
            predictions.model_name = models.model_name
            and predictions.fitted_snapshot_date = models.snapshot_date
            and models.is_champion
    where predictions.split = 'score'

),

expected as (

    select
        snapshot_users.snapshot_date,
        snapshot_users.user_id
    from {{ ref('int_snapshot_users') }} as snapshot_users
    inner join champion_snapshots
        on snapshot_users.snapshot_date = champion_snapshots.snapshot_date

),

actual as (

    select
        snapshot_date,
        user_id
    from {{ ref('churn_risk_users') }}

),

unmatched as (

    (
        select * from expected
        except all
        select * from actual
    )
    union all
    (
        select * from actual
        except all
        select * from expected
    )

)

select * from unmatched
