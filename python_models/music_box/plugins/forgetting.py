"""Before dbt opens the database: seeds that cannot be read, and users to be forgotten."""

import os
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from music_box.forgetting import SEED, forgotten_users, start_anew
from music_box.seeds import check_seeds, read_seed

COLUMNS = {"user_hash": "string", "key_check": "string"}


class Plugin(BasePlugin):
    """Refuses bad seeds, and begins the warehouse anew where other users are to be forgotten."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:  # noqa: ARG002 - the seeds are all it needs
        """Read the seeds, and delete what was built before `forgotten_users` was as it is."""
        seed = Path(SEED)
        check_seeds(seed.parent)
        rows = [row.values for row in read_seed(seed, COLUMNS)]
        forgotten_users(rows, os.environ)
        assert self.creds is not None  # dbt-duckdb always gives them
        if start_anew(Path(self.creds.path), [row["user_hash"].lower() for row in rows]):
            print(
                "forgotten_users has changed: database and landed files are deleted and made again."
                " Run a whole `dbt build`; it publishes copies without these users."
            )
