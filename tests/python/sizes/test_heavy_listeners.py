"""One user with more records than all others: nobody waits for what one of them has heard."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import WITHOUT_UNIT_TESTS, Warehouse, build
from deliveries.lines import play, write_lines

pytestmark = pytest.mark.slow

# Half as many plays in a day as a person can make at most, and more than that.
HEAVY, BEYOND = 9_000_001, 9_000_002
DAILY_PLAYS = {HEAVY: 4_000, BEYOND: 10_000}
SONGS = 40_000
LAST_DAY = date(2017, 5, 12)
DAYS = [LAST_DAY - timedelta(days=age) for age in range(44)]
FLAGS = ("--vars", json.dumps({"catalogue_size": 50_000}), *WITHOUT_UNIT_TESTS)


@dataclass(frozen=True)
class Timed:
    """A warehouse, and how long its build took."""

    warehouse: Warehouse
    seconds: float


def timed_build(logs: Path, folder: Path) -> Timed:
    began = time.perf_counter()
    return Timed(build(logs, folder, *FLAGS), time.perf_counter() - began)


@pytest.fixture(scope="module")
def builds(
    sample_logs: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Timed, Timed]:
    """The same 300 users alone, and with the two."""
    folder = tmp_path_factory.mktemp("heavy")
    ordinary = sample_logs("--users", "300")
    logs = folder / "logs"
    shutil.copytree(ordinary, logs)
    drawn = random.Random(1)
    for day in DAYS:
        lines = [
            play(user, 10**6 + drawn.randrange(SONGS), play_time=drawn.randrange(200))
            for user, plays in DAILY_PLAYS.items()
            for _ in range(plays)
        ]
        write_lines(logs / f"{day:%Y%m%d}_99_play.log", *lines)
    return timed_build(ordinary, folder / "ordinary"), timed_build(logs, folder / "with_two")


def test_a_build_takes_no_longer_than_its_records(builds: tuple[Timed, Timed]) -> None:
    ordinary, with_two = builds
    # ten times the records, which are read and counted, but no pairs of 40,000 songs
    assert with_two.seconds < 3 * ordinary.seconds + 20


def test_who_is_beyond_human_is_left_out_with_that_reason(builds: tuple[Timed, Timed]) -> None:
    statement = f"""
        select distinct reason from reports.rpt_excluded_users where user_id in ({HEAVY}, {BEYOND})
    """
    assert builds[1].warehouse.rows(statement) == [("beyond_human",)]
    statement = (
        "select distinct user_id from reports.rpt_excluded_users where reason = 'beyond_human'"
    )
    assert builds[1].warehouse.rows(statement) == [(BEYOND,)]


def test_the_heaviest_human_is_kept_and_is_recommended_songs_that_are_new(
    builds: tuple[Timed, Timed],
) -> None:
    heard = f"""
        select count(*) from recommendations.user_song_ratings
        where user_id = {HEAVY} and snapshot_date = '{LAST_DAY}'
    """
    assert builds[1].warehouse.rows(heard)[0][0] > SONGS / 2
    again = f"""
        select count(*), count(ratings.song_id) from recommendations.recommendations as lists
        left join recommendations.user_song_ratings as ratings
            using (snapshot_date, user_id, song_id)
        where lists.user_id = {HEAVY}
    """
    listed, known = builds[1].warehouse.rows(again)[0]
    assert listed > 0
    assert known == 0
