"""Recommendations: what they are made of, and whole builds of them."""
