"""Before dbt opens the database: are other users to be forgotten than when it was begun."""

import csv
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from music_box.forgetting import start_anew

SEED = Path("seeds/forgotten_users.csv")


class Plugin(BasePlugin):
    """Begins the warehouse anew where other users are to be forgotten."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:  # noqa: ARG002 - the seed is all it needs
        """Read the seed, and delete what was built before it was as it is."""
        with SEED.open(encoding="utf-8", newline="") as file:
            hashes = [row["user_hash"] for row in csv.DictReader(file)]
        assert self.creds is not None  # dbt-duckdb always gives them
        if start_anew(Path(self.creds.path), hashes):
            print(
                "forgotten_users has changed: database and landed files are deleted and made again."
                " Run a whole `dbt build`; it publishes copies without these users."
            )
