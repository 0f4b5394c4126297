"""Before dbt runs a model: linear algebra on one thread, for all of them and for good."""

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from music_box.parallel import one_thread_of_linear_algebra


class Plugin(BasePlugin):
    """Makes sums the same, whichever models run side by side."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:  # noqa: ARG002 - there is nothing to configure
        """Set it."""
        one_thread_of_linear_algebra()
