"""dbt as users run it, but that the project is parsed once for all warehouses of the tests.

dbt parses anew wherever the path of the database is another, as models may ask for it. Ours do not.
"""

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.cli.main import cli

asked_of_every_profile = DuckDBCredentials._connection_keys
DuckDBCredentials._connection_keys = lambda credentials: tuple(
    key for key in asked_of_every_profile(credentials) if key != "path"
)
cli()
