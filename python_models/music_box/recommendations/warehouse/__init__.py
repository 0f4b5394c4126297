"""What the dbt models need around the recommenders: reading splits, choosing, fitting, listing."""
