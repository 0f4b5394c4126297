"""The report page: churn and taste on one HTML file, made from the published copy alone."""
