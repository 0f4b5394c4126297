"""Faults on purpose. `make test` tries each a few times, `make test-faults` many times."""
