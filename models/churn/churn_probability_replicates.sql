-- How good churn probabilities and the decisions taken by them are, in the sample and
-- in each resample. A quotient without a denominator is 0, as in scikit-learn.
with churn_judged_scores as (

    select * from {{ ref('churn_judged_scores') }}

),

churn_bootstrap_weights as (

    select * from {{ ref('churn_bootstrap_weights') }}

),

weighted as (

    select
        churn_judged_scores.*,
        churn_bootstrap_weights.replicate,
        churn_bootstrap_weights.weight
    from churn_judged_scores
    inner join churn_bootstrap_weights
        on churn_judged_scores.user_id = churn_bootstrap_weights.user_id

),

bins as (

    select
        evaluation_number,
        replicate,
        calibration_bin,
        sum(weight) as users,
        sum(weight * outcome) as churned_users,
        sum(weight * predicted) as predicted_users,
        sum(weight * predicted * outcome) as found_users,
        sum(weight * probability) as probability,
        sum(weight * squared_error) as squared_error,
        sum(weight * log_loss) as log_loss
    from weighted
    group by evaluation_number, replicate, calibration_bin

),

totals as (

    select
        evaluation_number,
        replicate,
        sum(users) as users,
        sum(churned_users) as churned_users,
        sum(predicted_users) as predicted_users,
        sum(found_users) as found_users,
        sum(squared_error) as squared_error,
        sum(log_loss) as log_loss,
        sum(abs(probability - churned_users)) as calibration_error
    from bins
    group by evaluation_number, replicate

),

final as (

    select
        evaluation_number,
        replicate,
        {{ ratio(
            'users - churned_users - predicted_users + 2 * found_users', 'users'
        ) }} as accuracy,
        {{ ratio('found_users', 'predicted_users') }} as precision,
        {{ ratio('found_users', 'churned_users') }} as recall,
        {{ ratio('2 * found_users', 'predicted_users + churned_users') }} as f1,
        {{ ratio('squared_error', 'users') }} as brier,
        {{ ratio('log_loss', 'users') }} as log_loss,
        {{ ratio('calibration_error', 'users') }} as expected_calibration_error
    from totals

)

select * from final
