"""What dbt puts into the Jinja context of a model, as far as sqlfluff needs it to render one.

Nothing here asks a database: `execute` is false, as it is while dbt parses.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

_PROJECT = Path(__file__).resolve().parents[2]
_VARS = yaml.safe_load((_PROJECT / "dbt_project.yml").read_text("utf-8"))["vars"]

execute = False
flags = SimpleNamespace(WHICH="parse", FULL_REFRESH=False)
graph: dict[str, Any] = {"nodes": {}, "sources": {}, "exposures": {}}
model: dict[str, Any] = {}
selected_resources: list[str] = []
target = SimpleNamespace(name="dev", type="duckdb", schema="main", threads=1)
modules = SimpleNamespace(
    re=re, datetime=SimpleNamespace(date=date, datetime=datetime, timedelta=timedelta)
)


def var(name: str, default: Any = None) -> Any:
    """Return the value that dbt_project.yml gives to a var."""
    if name not in _VARS and default is None:
        raise KeyError(f"dbt_project.yml has no var '{name}'")
    return _VARS.get(name, default)


def env_var(name: str, default: str = "") -> str:
    """Return the default: what a person has set must not change what is linted."""
    return default or name


def load_relation(relation: Any) -> None:
    """Find no relation: there is no database."""


def run_query(statement: str) -> None:
    """Run nothing."""


def log(message: str, info: bool = False) -> str:
    """Print nothing."""
    return ""


def _raise(message: str) -> None:
    raise ValueError(message)


exceptions = SimpleNamespace(raise_compiler_error=_raise, warn=log)


class _Dbt:
    """The macros of dbt itself that have one answer on DuckDB."""

    def type_string(self) -> str:
        return "varchar"

    def type_bigint(self) -> str:
        return "bigint"

    def type_float(self) -> str:
        return "double"

    def type_timestamp(self) -> str:
        return "timestamp"


class _Adapter:
    """Dispatch to a function of the macro's name and first argument."""

    def dispatch(self, macro_name: str, macro_namespace: str | None = None) -> Any:
        # the rest may be no expression, such as an order
        return lambda *arguments, **_: f"{macro_name}({arguments[0]})" if arguments else ""

    def get_columns_in_relation(self, relation: Any) -> list[Any]:
        return []

    def quote(self, identifier: str) -> str:
        return f'"{identifier}"'


dbt = _Dbt()
adapter = _Adapter()
