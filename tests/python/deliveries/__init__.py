"""Whole dbt builds on small hand-made folders of deliveries."""
