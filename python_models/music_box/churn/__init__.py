"""Churn models: fitting, storing, scoring and explaining them. Nothing here knows of dbt."""
