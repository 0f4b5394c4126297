-- How good churn probabilities and the decisions taken by them are, in the sample and
-- in each resample. A quotient without a denominator is 0, as in scikit-learn.
--
-- A calibration error adds up distances, which grow by chance: that of a resample is
-- larger than that of the sample, and that larger than the true one. Its interval is
-- made of how far the gap g of each bin moves to g* instead. By the triangle inequality
-- the true error is at least sum |g| - sum |g* - g|, and, where the signs of the gaps
-- are right, about sum |g| - sum sign(g) (g* - g) at most; and it lies in 0 to 1.
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

-- how far the gap of each bin moves from that of the sample
bin_gaps as (

    select
        totals.evaluation_number,
        totals.replicate,
        sample_bins.probability - sample_bins.churned_users as sample_gap,
        cast(sample_bins.probability - sample_bins.churned_users as double)
        / sample_totals.users as sample_share,
        coalesce(
            cast(bins.probability - bins.churned_users as double) / totals.users, 0.0
        ) as replicate_share
    from totals
    inner join totals as sample_totals
        on
            totals.evaluation_number = sample_totals.evaluation_number
            and sample_totals.replicate = 0
    inner join bins as sample_bins
        on
            totals.evaluation_number = sample_bins.evaluation_number
            and sample_bins.replicate = 0
    left join bins
        on
            totals.evaluation_number = bins.evaluation_number
            and totals.replicate = bins.replicate
            and sample_bins.calibration_bin = bins.calibration_bin

),

calibration_bounds as (

    select
        evaluation_number,
        replicate,
        greatest({{ exact_sum(
            'abs(sample_share) - abs(replicate_share - sample_share)', 12
        ) }}, 0.0) as least_calibration_error,
        least({{ exact_sum(
            '2 * abs(sample_share) - sign(sample_gap) * replicate_share', 12
        ) }}, 1.0) as largest_calibration_error
    from bin_gaps
    group by evaluation_number, replicate

),

final as (

    select
        totals.evaluation_number,
        totals.replicate,
        {{ ratio(
            'users - churned_users - predicted_users + 2 * found_users', 'users'
        ) }} as accuracy,
        {{ ratio('found_users', 'predicted_users') }} as precision,
        {{ ratio('found_users', 'churned_users') }} as recall,
        {{ ratio('2 * found_users', 'predicted_users + churned_users') }} as f1,
        {{ ratio('squared_error', 'users') }} as brier,
        {{ ratio('log_loss', 'users') }} as log_loss,
        {{ ratio('calibration_error', 'users') }} as expected_calibration_error,
        calibration_bounds.least_calibration_error,
        calibration_bounds.largest_calibration_error
    from totals
    inner join calibration_bounds
        on
            totals.evaluation_number = calibration_bounds.evaluation_number
            and totals.replicate = calibration_bounds.replicate

)

select * from final
