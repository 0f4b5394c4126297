"""Before dbt opens the database: whether anything can be built."""

import logging
import os
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from music_box.readiness import check_build


class Plugin(BasePlugin):
    """Ends dbt with a message that names cause and remedy where a build could not read or write."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:  # noqa: ARG002 - there is nothing to configure
        """Try it."""
        # on a full disk, dbt's log would else say so in a traceback for every line
        logging.raiseExceptions = False
        assert self.creds is not None  # dbt-duckdb always gives them
        check_build(Path(self.creds.path), os.environ)
