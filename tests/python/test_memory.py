"""What host and container give, how it is shared, and what is said of too little."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments.local import LocalEnvironment
from music_box import memory
from music_box.memory import MemorySettingError, available_bytes, duckdb_bytes, text_bytes, workers
from music_box.plugins import memory as plugin
from music_box.plugins.memory import Plugin

KILOBYTES = 16_000_000
HOST = f"MemTotal: 32000000 kB\nMemFree: 1000 kB\nMemAvailable: {KILOBYTES} kB\n"
# what cgroup v1 says where nothing is limited
UNLIMITED = "9223372036854771712\n"


def kernel(
    folder: Path, groups: str, files: Mapping[str, str], host: str = HOST
) -> tuple[Path, Path]:
    """A /proc and a /sys/fs/cgroup with these contents."""
    proc, cgroups = folder / "proc", folder / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text(host)
    (proc / "self/cgroup").write_text(groups)
    for name, content in files.items():
        path = cgroups / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return proc, cgroups


V2 = "0::/system.slice/docker-1.scope\n"
V1 = "5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n0::/\n"


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        pytest.param(V2, {}, KILOBYTES * 1024, id="no files"),
        pytest.param(V2, {"memory.max": "max\n"}, KILOBYTES * 1024, id="v2 without limit"),
        pytest.param(
            V2, {"system.slice/docker-1.scope/memory.max": "3000000000\n"}, 3 * 10**9, id="v2"
        ),
        pytest.param(
            V2,
            {
                "system.slice/docker-1.scope/memory.max": "max\n",
                "system.slice/memory.max": "2000000000\n",
                "memory.max": "5000000000\n",
            },
            2 * 10**9,
            id="v2, a group above",
        ),
        pytest.param(
            V2, {"system.slice/docker-1.scope/memory.high": "7000\n"}, 7000, id="v2, slowed down"
        ),
        pytest.param("0::/\n", {"memory.max": "4000\n"}, 4000, id="v2, seen from inside"),
        pytest.param(
            V2, {"unified/system.slice/docker-1.scope/memory.max": "11\n"}, 11, id="v2 beside v1"
        ),
        pytest.param(
            V1, {"memory/docker/1/memory.limit_in_bytes": "3000000000\n"}, 3 * 10**9, id="v1"
        ),
        pytest.param(
            V1,
            {
                "memory/docker/1/memory.limit_in_bytes": UNLIMITED,
                "memory/docker/memory.limit_in_bytes": "6000000000\n",
            },
            6 * 10**9,
            id="v1, a group above",
        ),
        pytest.param(
            V1, {"memory/memory.limit_in_bytes": "4000\n"}, 4000, id="v1, its path is the host's"
        ),
        pytest.param(
            V1, {"memory/memory.limit_in_bytes": UNLIMITED}, KILOBYTES * 1024, id="v1 without limit"
        ),
        pytest.param(
            V2,
            {"system.slice/docker-1.scope/memory.max": f"{10**15}\n"},
            KILOBYTES * 1024,
            id="more than the host has",
        ),
        pytest.param("7:cpu:/a\n", {"cpu/a/memory.max": "1\n"}, KILOBYTES * 1024, id="not memory"),
    ],
)
def test_the_least_of_host_and_containers_counts(
    tmp_path: Path, groups: str, files: Mapping[str, str], expected: int
) -> None:
    assert available_bytes(*kernel(tmp_path, groups, files)) == expected


def test_an_old_kernel_tells_the_whole_memory(tmp_path: Path) -> None:
    assert available_bytes(*kernel(tmp_path, V2, {}, "MemTotal: 1000 kB\n")) == 1_024_000


def test_without_linux_the_machine_itself_is_asked(tmp_path: Path) -> None:
    assert available_bytes(tmp_path / "nothing", tmp_path / "nothing") > 10**8


def test_duckdb_gets_a_share_unless_a_setting_says_how_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(memory.SETTING, raising=False)
    assert duckdb_bytes(2 * 10**9) == 800_000_000
    monkeypatch.setenv(memory.SETTING, "")
    assert duckdb_bytes(2 * 10**9) == 800_000_000
    monkeypatch.setenv(memory.SETTING, "1.5 GiB")
    assert duckdb_bytes(2 * 10**9) == 1_610_612_736


@pytest.mark.parametrize("text", ["8GB", "1500MB", "2gb", "1.5 GiB", "900 KiB", "3TB", "70000000B"])
def test_sizes_mean_what_duckdb_means_by_them(text: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = ?", [text])
        theirs = connection.execute("select current_setting('memory_limit')").fetchone()
        connection.execute("set memory_limit = ?", [f"{memory.setting_bytes(text)}B"])
        assert connection.execute("select current_setting('memory_limit')").fetchone() == theirs


@pytest.mark.parametrize("text", ["lots", "8", "8 G B", "-1GB", "0GB", "80%", "8 apples", "GB"])
def test_what_is_no_amount_of_memory_is_named(text: str) -> None:
    with pytest.raises(
        MemorySettingError, match=f"MUSIC_BOX_MEMORY is '{text}', which is no amount"
    ):
        memory.setting_bytes(text)


def test_as_many_threads_as_memory_has_room_for_one_at_least(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(memory.SETTING, raising=False)
    # of 2 GB DuckDB gets .8, the program .5: .7 are left
    assert workers(8, 2 * 10**9) == 2
    assert workers(1, 2 * 10**9) == 1
    assert workers(64, 16 * 10**9) == 36
    assert workers(8, 10**9) == 1
    monkeypatch.setenv(memory.SETTING, "100GB")
    assert workers(8, 2 * 10**9) == 1


def test_as_many_python_models_as_memory_has_room_for_one_at_least(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(memory.SETTING, raising=False)
    assert [memory.models(gigabytes * 10**9) for gigabytes in (1, 2, 4, 5, 24)] == [1, 1, 1, 2, 13]


def test_python_models_wait_for_their_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(memory.SETTING, raising=False)
    at_work, most = [], [0]

    def work(number: int) -> int:
        at_work.append(number)
        most[0] = max(most[0], len(at_work))
        time.sleep(0.02)
        at_work.remove(number)
        return number

    monkeypatch.setattr(plugin, "_run_model", work)
    monkeypatch.setattr(LocalEnvironment, "submit_python_job", None)  # put back afterwards
    for gigabytes, expected in ((2, 1), (5, 2)):
        monkeypatch.setattr(plugin, "usable_bytes", lambda size=gigabytes: size * 10**9)
        Plugin("memory", {}, credentials_of(tmp_path, "1GB"))
        most[0] = 0
        with ThreadPoolExecutor(4) as pool:
            job: Any = LocalEnvironment.submit_python_job
            assert list(pool.map(job, range(8))) == list(range(8))
        assert most[0] == expected


def test_the_text_of_logs_is_estimated_from_their_files(tmp_path: Path) -> None:
    (tmp_path / "20170330_play.log").write_bytes(b"x" * 100)
    (tmp_path / "20170330_down.log.gz").write_bytes(b"x" * 10)
    (tmp_path / "notes.txt").write_bytes(b"x" * 1000)
    (tmp_path / "2017").mkdir()
    assert text_bytes(tmp_path) == 130


def test_what_cannot_fit_is_said_with_the_remedy() -> None:
    gigabyte = 10**9
    assert memory.warning(80_000_000, 2 * gigabyte, 800_000_000) is None
    assert memory.warning(880_000_000, 4 * gigabyte, 1_600_000_000) is None
    assert memory.warning(8_800_000_000, 8 * gigabyte, 3_200_000_000) == (
        "Memory may not suffice: 8.8 GB of logs need about 11.4 GB, host and container give 8.0 GB."
        " If the build is killed, give it more memory, set MUSIC_BOX_THREADS=1, or keep a part of"
        " the users: --vars '{user_sample_fraction: 0.1}'."
    )
    assert memory.warning(80_000_000, 4 * gigabyte, 8 * gigabyte) == (
        "MUSIC_BOX_MEMORY allows DuckDB 8.0 GB, host and container give 4.0 GB: the build may be"
        " killed. Lower it, or leave it out: the limit then follows from what they give."
    )


def credentials_of(folder: Path, limit: str) -> DuckDBCredentials:
    return DuckDBCredentials(
        database="music_box",
        schema="main",
        path=str(folder / "music_box.duckdb"),
        settings={"memory_limit": limit},
    )


@pytest.mark.parametrize(("limit", "expected"), [("auto", "800000000B"), ("4GB", "4GB")])
def test_the_limit_is_set_before_dbt_opens_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, expected: str
) -> None:
    monkeypatch.delenv(memory.SETTING, raising=False)
    monkeypatch.setattr(plugin, "usable_bytes", lambda: 2 * 10**9)
    credentials = credentials_of(tmp_path, limit)
    Plugin("memory", {}, credentials)
    assert credentials.settings == {"memory_limit": expected}


def test_who_was_killed_is_told_next_time_and_who_ended_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    endings = []
    monkeypatch.setattr(
        "atexit.register",
        lambda function, **arguments: endings.append((function, arguments)),
    )
    credentials = credentials_of(tmp_path, "1GB")
    Plugin("memory", {}, credentials)
    assert "killed" not in capsys.readouterr().out
    Plugin("memory", {}, credentials)
    assert "The command before this one was killed." in capsys.readouterr().out
    for function, arguments in endings:
        function(**arguments)
    Plugin("memory", {}, credentials)
    assert "killed" not in capsys.readouterr().out
