-- No backtest learnt from labels that were still open on the day it scored, and both
-- models of a pair were asked about the same users.
with churn_predictions as (

    select * from {{ ref('churn_predictions') }}

),

examples as (

    select * from {{ ref('churn_examples') }}

),

-- not of int_snapshots: a daily build may have moved on from the snapshots of the fits
fitted_snapshots as (

    select
        snapshot_date,
        max(label_end_date) as label_end_date
    from examples
    group by snapshot_date

),

backtests as (

    select
        churn_predictions.*,
        fitted_snapshots.label_end_date as learnt_until_date
    from churn_predictions
    left join fitted_snapshots
        on churn_predictions.fitted_snapshot_date = fitted_snapshots.snapshot_date
    where churn_predictions.split = 'backtest'

)

select
    snapshot_date,
    model_name,
    user_id,
    'labels were open' as reason
from backtests
where learnt_until_date is null or learnt_until_date > snapshot_date

union all

select
    backtests.snapshot_date,
    backtests.model_name,
    backtests.user_id,
    'no test user' as reason
from backtests
left join churn_predictions
    on
        backtests.snapshot_date = churn_predictions.snapshot_date
        and backtests.model_name = churn_predictions.model_name
        and backtests.user_id = churn_predictions.user_id
        and churn_predictions.split = 'test'
where churn_predictions.user_id is null
