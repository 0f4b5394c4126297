"""Last node of the DAG: copies every public table to what people and BI tools read.

dbt skips it when a test above it fails, so that a bad build publishes nothing. In a part of a build
it leaves what is published as it is; the pre-hook says which of both this is.
"""

from music_box.publishing.copies import publish_whole_build


def model(dbt, session):
    settings = dbt.config.get("meta")
    # the calls give dbt the lineage, the keys are the names of the tables
    public = {
        "ftr_play_completion": dbt.ref("ftr_play_completion"),
        "ftr_play_time": dbt.ref("ftr_play_time"),
        "ftr_event_frequency": dbt.ref("ftr_event_frequency"),
        "ftr_recency": dbt.ref("ftr_recency"),
        "ftr_profile": dbt.ref("ftr_profile"),
        "ftr_listening_rhythm": dbt.ref("ftr_listening_rhythm"),
        "ftr_taste": dbt.ref("ftr_taste"),
        "ftr_visit_depth": dbt.ref("ftr_visit_depth"),
        "user_features": dbt.ref("user_features"),
        "user_song_ratings": dbt.ref("user_song_ratings"),
        "songs": dbt.ref("songs"),
        "recommender_metrics": dbt.ref("recommender_metrics"),
        "recommender_comparisons": dbt.ref("recommender_comparisons"),
        "recommender_overlap": dbt.ref("recommender_overlap"),
        "recommendations": dbt.ref("recommendations"),
        "user_clusters": dbt.ref("user_clusters"),
        "song_styles": dbt.ref("song_styles"),
        "churn_labels": dbt.ref("churn_labels"),
        "churn_training_set": dbt.ref("churn_training_set"),
        "churn_predictions": dbt.ref("churn_predictions"),
        "churn_models": dbt.ref("churn_models"),
        "churn_model_metrics": dbt.ref("churn_model_metrics"),
        "churn_model_comparisons": dbt.ref("churn_model_comparisons"),
        "churn_threshold_metrics": dbt.ref("churn_threshold_metrics"),
        "churn_calibration": dbt.ref("churn_calibration"),
        "churn_backtest": dbt.ref("churn_backtest"),
        "churn_feature_importance": dbt.ref("churn_feature_importance"),
        "churn_risk_users": dbt.ref("churn_risk_users"),
        "churn_reasons": dbt.ref("churn_reasons"),
        "churn_business_stage": dbt.ref("churn_business_stage"),
        "calendar_days": dbt.ref("calendar_days"),
        "user_daily_activity": dbt.ref("user_daily_activity"),
        "snapshots": dbt.ref("snapshots"),
        "rpt_deliveries": dbt.ref("rpt_deliveries"),
        "rpt_excluded_users": dbt.ref("rpt_excluded_users"),
        "rpt_record_count_histogram": dbt.ref("rpt_record_count_histogram"),
        "rpt_cleaning": dbt.ref("rpt_cleaning"),
        "rpt_missingness_tests": dbt.ref("rpt_missingness_tests"),
        "rpt_missing_deliveries": dbt.ref("rpt_missing_deliveries"),
        "rpt_drift": dbt.ref("rpt_drift"),
        "rpt_score_outcomes": dbt.ref("rpt_score_outcomes"),
        "rpt_feature_percentiles": dbt.ref("rpt_feature_percentiles"),
        "rpt_loyal_users": dbt.ref("rpt_loyal_users"),
        "rpt_churn_cohorts": dbt.ref("rpt_churn_cohorts"),
        "rpt_songs_before_churn": dbt.ref("rpt_songs_before_churn"),
        "published_snapshot": dbt.ref("published_snapshot"),
    }
    return publish_whole_build(session, list(public), settings)
