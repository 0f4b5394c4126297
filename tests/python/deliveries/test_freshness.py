"""`dbt source freshness` asks for the last day's deliveries, by their names, before a build."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import run_dbt


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Five days of plays in two parts and searches in one; the second part missed the first day."""
    folder = tmp_path / "logs"
    folder.mkdir()
    for day in range(5):
        digits = f"{date(2017, 3, 30) + timedelta(days=day):%Y%m%d}"
        for name in ("1_play.log", "2_play.log.gz", "search.log"):
            if (day, name) != (0, "2_play.log.gz"):
                (folder / f"{digits}_{name}").touch()
    return folder


@pytest.mark.parametrize(
    ("stopped", "is_fresh"),
    [
        # a part that was merged into another, and an event that the service can do without
        ("_2_play.log.gz", True),
        ("_search.log", True),
        ("_*_play.log*", False),
    ],
)
def test_what_stopped_long_ago_is_not_waited_for(
    tmp_path: Path, stopped: str, is_fresh: bool
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for day in range(20):
        for name in ("1_play.log", "2_play.log.gz", "search.log"):
            (folder / f"{date(2017, 3, 1) + timedelta(days=day):%Y%m%d}_{name}").touch()
    for day in range(12, 20):
        for path in folder.glob(f"{date(2017, 3, 1) + timedelta(days=day):%Y%m%d}{stopped}"):
            path.unlink()

    asked = run_dbt(folder, tmp_path / "warehouse", "source", "freshness")

    assert ("ERROR STALE" in asked.output) == (not is_fresh), asked.output


@pytest.mark.parametrize(
    ("absent", "added", "is_fresh"),
    [
        (None, None, True),
        ("20170403_2_play.log.gz", None, False),
        ("20170403_search.log", None, False),
        # an earlier day is no longer expected, and a part that came once never was
        ("20170331_search.log", None, True),
        (None, "20170331_3_play.log", True),
        # the first file of a new day makes the others of that day late
        (None, "20170404_1_play.log", False),
    ],
)
def test_logs_are_fresh_while_the_last_day_has_what_usually_comes(
    logs: Path, tmp_path: Path, absent: str | None, added: str | None, is_fresh: bool
) -> None:
    if absent:
        (logs / absent).unlink()
    if added:
        (logs / added).touch()

    asked = run_dbt(logs, tmp_path / "warehouse", "source", "freshness")

    assert (asked.return_code == 0) == is_fresh, asked.output
    assert ("ERROR STALE" in asked.output) == (not is_fresh)
