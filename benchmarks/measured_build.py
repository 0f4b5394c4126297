"""One dbt command in this process, with what each node cost: wall and CPU seconds, peak memory.

By default nodes run one after the other, so that whatever the process spends between the start of a
node and its end is that node's; DuckDB and numerical libraries still use every core. With more
threads only the whole command's cost is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner

# The row of the whole command, start-up included.
WHOLE_COMMAND = "command"
STATUS, RESET_PEAK = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def environment(raw_logs: Path, warehouse: Path) -> dict[str, str]:
    """What dbt and the package need to know to build this warehouse of these logs."""
    return os.environ | {
        "PYTHONPATH": "python_models",
        "RAW_LOGS": str(raw_logs),
        "MUSIC_BOX_WAREHOUSE": str(warehouse),
        "DBT_PROFILES_DIR": "profiles",
        "DBT_TARGET_PATH": str(warehouse / "target"),
        "DBT_LOG_PATH": str(warehouse / "logs"),
        "OPENBLAS_NUM_THREADS": "1",
    }


def cpu_seconds() -> float:
    """CPU seconds of this process, its threads, and its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_gigabytes() -> float:
    """The most memory that this process held since the last call of `forget_peak`."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 2**20


def forget_peak() -> None:
    """Let the peak begin again at what is held now."""
    RESET_PEAK.write_text("5")


class Stopwatch:
    """Listens to dbt's events and notes what each node cost."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w", encoding="utf-8")
        self.command_began = (time.perf_counter(), cpu_seconds())
        self.node_began = self.command_began

    def __call__(self, event: Any) -> None:
        """Take an event of dbt."""
        if event.info.name == "NodeStart":
            forget_peak()
            self.node_began = (time.perf_counter(), cpu_seconds())
        elif event.info.name == "NodeFinished":
            node = event.data.node_info
            self._note(self.node_began, node.unique_id, node.node_path, node.node_status)

    def finish(self, *, is_successful: bool) -> None:
        """Note what the whole command cost, start-up included."""
        self._note(self.command_began, WHOLE_COMMAND, "", "success" if is_successful else "error")

    def _note(self, began: tuple[float, float], node: str, path: str, status: str) -> None:
        row = {
            "node": node,
            "path": path,
            "status": status,
            "wall_seconds": time.perf_counter() - began[0],
            "cpu_seconds": cpu_seconds() - began[1],
            "peak_gigabytes": peak_gigabytes(),
        }
        print(json.dumps(row), file=self.file, flush=True)


def main() -> None:
    """Run the dbt command and leave a line of JSON per node."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", 1)[0], epilog="All other arguments are dbt's."
    )
    parser.add_argument("--nodes", type=Path, required=True, help="file to write")
    parser.add_argument("--threads", default="1", help="nodes side by side")
    arguments, command = parser.parse_known_args()
    arguments.nodes.parent.mkdir(parents=True, exist_ok=True)
    stopwatch = Stopwatch(arguments.nodes)
    result = dbtRunner(callbacks=[stopwatch]).invoke([*command, "--threads", arguments.threads])
    stopwatch.finish(is_successful=result.success)
    sys.exit(0 if result.success else 1)


if __name__ == "__main__":
    main()
