"""dbt as users run it, but that the project is parsed once for all warehouses of the tests.

dbt parses anew wherever the path of the database is another, as models may ask for it. Ours do not.
"""

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.cli.main import cli

keys_of = DuckDBCredentials._connection_keys  # noqa: SLF001 - nothing else decides


def keys_without_path(credentials: DuckDBCredentials) -> tuple[str, ...]:
    """What of a profile may change how the project is parsed."""
    keys: tuple[str, ...] = keys_of(credentials)  # type: ignore[no-untyped-call]
    return tuple(key for key in keys if key != "path")


DuckDBCredentials._connection_keys = keys_without_path  # type: ignore[method-assign]  # noqa: SLF001
# processes that dbt starts read this file, too
if __name__ == "__main__":
    cli()
