-- Today's users with the champion's probability and their tier: the highest whose
-- probability or silence a user reaches.
with predictions as (

    select * from {{ ref('churn_predictions') }}

),

models as (

    select * from {{ ref('churn_models') }}

),

user_features as (

    select * from {{ ref('user_features') }}

),

risk_tiers as (

    select * from {{ ref('risk_tiers') }}

),

scored as (

    select
        predictions.snapshot_date,
        predictions.user_id,
        predictions.model_name,
        predictions.churn_probability,
        user_features.days_since_last_event,
        user_features.is_paying,
        user_features.is_android,
        user_features.active_days_30d,
        user_features.plays_30d
    from predictions
    inner join models
        on
            predictions.model_name = models.model_name
            and predictions.fitted_snapshot_date = models.snapshot_date
            and models.is_champion
    inner join user_features
        on
            predictions.snapshot_date = user_features.snapshot_date
            and predictions.user_id = user_features.user_id
    where predictions.split = 'score'

),

lowest_tier as (

    select min(tier_rank) as tier_rank from risk_tiers

),

reached_tiers as (

    select
        scored.snapshot_date,
        scored.user_id,
        max(risk_tiers.tier_rank) as tier_rank
    from scored
    inner join risk_tiers
        on
            scored.churn_probability >= risk_tiers.minimum_probability
            or scored.days_since_last_event >= risk_tiers.minimum_days_silent
    group by scored.snapshot_date, scored.user_id

),

final as (

    select
        scored.*,
        risk_tiers.tier,
        risk_tiers.tier_label,
        risk_tiers.tier_rank > lowest_tier.tier_rank as is_at_risk
    from scored
    inner join reached_tiers
        on
            scored.snapshot_date = reached_tiers.snapshot_date
            and scored.user_id = reached_tiers.user_id
    inner join risk_tiers on reached_tiers.tier_rank = risk_tiers.tier_rank
    cross join lowest_tier

)

select * from final
