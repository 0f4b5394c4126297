"""Builds of many sizes: an engine may stumble over one that no other test has.

DuckDB 2.0.0 died at catalogues of 1,900 to 4,000 songs with 300 users, and at no other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WITHOUT_UNIT_TESTS, build

pytestmark = pytest.mark.slow

# Around the rows of a vector of DuckDB, 2,048, and far from them.
CATALOGUES = (500, 1_900, 2_048, 2_500, 4_000, 50_000)
SIZES = [
    *[(300, catalogue, 2) for catalogue in CATALOGUES],
    *[(users, 2_048, 2) for users in (100, 1_000)],
    *[(300, 2_500, threads) for threads in (1, 8)],
]


@pytest.mark.parametrize(("users", "catalogue", "threads"), SIZES)
def test_a_build_of_this_size_passes_its_tests(
    sample_logs: Callable[..., Path], tmp_path: Path, users: int, catalogue: int, threads: int
) -> None:
    logs = sample_logs("--users", str(users))
    flags = ["--vars", json.dumps({"catalogue_size": catalogue}), *WITHOUT_UNIT_TESTS]
    built = build(logs, tmp_path, *flags, settings={"MUSIC_BOX_THREADS": str(threads)})
    (found,) = built.rows(
        "select max(songs) from (select count(*) as songs"
        " from recommendations.recommendation_catalogue group by split)"
    )
    assert 0 < found[0] <= catalogue
    assert built.rows("select count(*) > 0 from recommendations.recommendations") == [(True,)]
