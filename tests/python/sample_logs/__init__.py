"""Tests of the sample-log generator."""
