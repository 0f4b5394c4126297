"""Metrics as MetricFlow answers for them."""
