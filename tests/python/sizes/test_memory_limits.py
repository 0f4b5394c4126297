"""Builds under a real limit of memory: what fits, and what is said of what does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PROJECT

from sizes.limits import limited_memory

pytestmark = pytest.mark.slow

GIGABYTE = 10**9


def build_within(limit: int, logs: Path, warehouse: Path) -> tuple[int, str, int]:
    """`dbt build` as users run it: return code, output, and the most bytes that it held."""
    environment = os.environ | {
        "RAW_LOGS": str(logs),
        "MUSIC_BOX_WAREHOUSE": str(warehouse),
        "DBT_PROFILES_DIR": "profiles",
        "DBT_TARGET_PATH": str(warehouse / "target"),
        "DBT_LOG_PATH": str(warehouse / "logs"),
    }
    environment.pop("MUSIC_BOX_MEMORY", None)
    dbt = Path(sys.executable).with_name("dbt")
    with limited_memory(limit) as group:
        finished = subprocess.run(
            [dbt, "--no-use-colors", "build"],
            cwd=PROJECT,
            env=environment,
            preexec_fn=group.enter,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return finished.returncode, finished.stdout, group.peak_bytes


@pytest.mark.parametrize(("users", "gigabytes"), [(6_000, 2), (60_000, 4)])
def test_the_default_build_fits(
    sample_logs: Callable[..., Path],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    users: int,
    gigabytes: int,
) -> None:
    logs = sample_logs("--users", str(users), "--first-date", "2017-03-30")
    code, output, peak = build_within(gigabytes * GIGABYTE, logs, tmp_path / "warehouse")
    record_property("peak gigabytes, cached files among them", round(peak / GIGABYTE, 2))
    assert code == 0, output[-5_000:]
    assert "Memory may not suffice" not in output


def test_who_has_too_little_is_told_before_the_build(
    sample_logs: Callable[..., Path], tmp_path: Path
) -> None:
    logs = sample_logs("--users", "1500", "--seed", "7")
    _, output, _ = build_within(GIGABYTE // 2, logs, tmp_path / "warehouse")
    assert "Memory may not suffice: 0.0 GB of logs need about 1.7 GB" in output
    # the kernel may have killed it, and then the next command says so
    told = output.index("Memory may not suffice")
    assert "START" not in output[:told]
