"""Before dbt opens the database: DuckDB's limit of memory, and whether the logs fit into it."""

import atexit
import os
import threading
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.environments.local import LocalEnvironment
from dbt.adapters.duckdb.plugins import BasePlugin

from music_box.memory import (
    duckdb_bytes,
    models,
    return_what_is_freed,
    setting_bytes,
    text_bytes,
    usable_bytes,
    warning,
)

# What a profile says where the limit follows from host and container.
AUTOMATIC = "auto"
# How dbt-duckdb runs a Python model, from its first line to the last row of its table.
_run_model = LocalEnvironment.submit_python_job


class Plugin(BasePlugin):
    """Gives DuckDB its share of memory, and says before a build what it may be too small for."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:  # noqa: ARG002 - there is nothing to configure
        """Set the limit, and speak where that is due."""
        assert self.creds is not None  # dbt-duckdb always gives them
        return_what_is_freed()
        settings = self.creds.settings or {}
        usable = usable_bytes()
        _side_by_side(models(usable))
        if settings.get("memory_limit") == AUTOMATIC:
            settings["memory_limit"] = f"{duckdb_bytes(usable)}B"
        limit = setting_bytes(str(settings["memory_limit"]))
        raw_logs = Path(os.environ.get("RAW_LOGS", ""))
        text = text_bytes(raw_logs) if raw_logs != Path() and raw_logs.is_dir() else 0
        said = warning(text, usable, limit)
        if said:
            print(said, flush=True)
        _watch(Path(self.creds.path))


def _side_by_side(count: int) -> None:
    """Let so many Python models run at once; others wait for their turn.

    dbt counts models, not what they hold, and asks nobody but the user how many it may run.
    """
    room = threading.Semaphore(count)

    def run_in_turn(*arguments: Any) -> Any:  # noqa: ANN401 - whatever dbt-duckdb gives and takes
        with room:
            return _run_model(*arguments)

    LocalEnvironment.submit_python_job = run_in_turn  # type: ignore[assignment]  # no setting of dbt does it


def _watch(database: Path) -> None:
    """Leave a mark while this process lives: one that is found later was left by a killed one."""
    mark = database.with_name(f"{database.name}.running")
    if mark.exists():
        print(
            "The command before this one was killed. If nobody did it, it was the kernel, for want"
            " of memory: give it more, set MUSIC_BOX_THREADS=1, or keep a part of the users:"
            " --vars '{user_sample_fraction: 0.1}'. Nothing is lost: it can simply be run again.",
            flush=True,
        )
    mark.touch()
    atexit.register(mark.unlink, missing_ok=True)
