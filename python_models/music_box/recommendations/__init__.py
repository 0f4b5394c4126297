"""Recommending items from what users have taken: recommenders, tuning, a learnt blend of them."""
