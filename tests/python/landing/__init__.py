"""Tests of the landing: bytes in, countable lines out."""
