"""Before dbt opens the database: can it be written?"""

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from music_box.readiness import check_warehouse


class Plugin(BasePlugin):
    """Ends dbt with a message that names cause and remedy where a build could not write."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:  # noqa: ARG002 - there is nothing to configure
        """Try it."""
        check_warehouse(Path(self.creds.path))
