"""Tests of the published copy."""
