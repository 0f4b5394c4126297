"""Recommenders: what they learn from, the lists that they make, and how lists are combined."""
