"""A second reading of the specification, in plain Python, and the tests that hold dbt to it.

Nothing here imports or imitates the models: raw files go in, marts come out, by loops that a
reader can follow with a pencil. It is slow on purpose. Where the models and this package
disagree, one of the two has misread the specification.
"""
