-- Users who may leave, with reasons, an offer and songs to mention: the list
-- that goes to a CRM. A fixed share of the users is held out, so that those who were
-- contacted can be compared with users like them who were not.
with scored_users as (

    select * from {{ ref('churn_scored_users') }}

),

reasons as (

    select * from {{ ref('churn_reasons') }}

),

best_offers as (

    select * from {{ ref('churn_best_offers') }}

),

recommended_songs as (

    select * from {{ ref('churn_recommended_songs') }}

),

user_reasons as (

    select
        snapshot_date,
        user_id,
        max(reason) filter (where reason_rank = 1) as reason_1,
        max(reason) filter (where reason_rank = 2) as reason_2,
        max(reason) filter (where reason_rank = 3) as reason_3
    from reasons
    group by snapshot_date, user_id

),

joined as (

    select
        scored_users.*,
        user_reasons.reason_1,
        user_reasons.reason_2,
        user_reasons.reason_3,
        recommended_songs.recommended_song_1,
        recommended_songs.recommended_song_2,
        recommended_songs.recommended_song_3,
        coalesce(best_offers.action, 'none') as suggested_action,
        coalesce(best_offers.cost, 0.0) as action_cost,
        coalesce(best_offers.expected_value, 0.0) as expected_value,
        {{ hash_fraction('scored_users.user_id', 'holdout') }}
        < {{ var('holdout_fraction') }} as is_holdout
    from scored_users
    left join user_reasons
        on
            scored_users.snapshot_date = user_reasons.snapshot_date
            and scored_users.user_id = user_reasons.user_id
    left join recommended_songs
        on
            scored_users.snapshot_date = recommended_songs.snapshot_date
            and scored_users.user_id = recommended_songs.user_id
    left join best_offers
        on
            scored_users.snapshot_date = best_offers.snapshot_date
            and scored_users.user_id = best_offers.user_id

),

final as (

    select
        snapshot_date,
        user_id,
        model_name,
        churn_probability,
        cast(
            row_number() over (
                partition by snapshot_date
                order by
                    churn_probability desc,
                    days_since_last_event desc,
                    {{ hash_fraction('user_id', 'risk_rank') }} asc,
                    user_id asc
            ) as bigint
        ) as risk_rank,
        tier,
        tier_label,
        days_since_last_event,
        active_days_30d,
        plays_30d,
        reason_1,
        reason_2,
        reason_3,
        recommended_song_1,
        recommended_song_2,
        recommended_song_3,
        suggested_action,
        action_cost,
        expected_value,
        is_paying,
        is_android,
        is_at_risk,
        is_holdout,
        is_at_risk and expected_value > 0 and not is_holdout as is_to_contact
    from joined

)

select * from final
