"""A folder that changes between builds: it is the truth, and what is known is not read again.

One warehouse lives through all of it, in the order of the fixtures; each build is kept as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from conftest import Warehouse, build, run_dbt

from .contents import Contents, contents_of, differing_tables
from .lines import download, search, write_days, write_lines

WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
STAGING = ("--select", "+rpt_deliveries +rpt_rejected_lines", *WITHOUT_UNIT_TESTS)
EVENTS = ("plays", "downloads", "searches")


@dataclass(frozen=True)
class Build:
    """What a build left behind."""

    warehouse: Warehouse
    working: Contents
    published: Contents
    parquet: set[str]
    files_read: set[str]


def kept(warehouse: Warehouse) -> Build:
    """Take down what a build left, before the next one changes it."""
    folder = warehouse.folder
    published = folder / "published" / "music_box.duckdb"
    staged = folder / "target/compiled/music_box/models/staging/player_logs"
    statements = [(staged / f"stg_player_logs__{event}.sql").read_text() for event in EVENTS]
    return Build(
        warehouse,
        contents_of(folder / "music_box.duckdb"),
        contents_of(published) if published.exists() else {},
        {path.name for path in published.parent.glob("*.parquet")},
        {name for sql in statements for name in re.findall(r"read_csv\(\s*'[^']*/([^'/]+)'", sql)},
    )


@pytest.fixture(scope="module")
def raw_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs long enough for a training and a scoring snapshot, with lines of every fate."""
    folder = tmp_path_factory.mktemp("raw_logs")
    write_days(folder, date(2017, 3, 2), days=46, users=25)
    write_lines(
        folder / "20170303_2_down.log",
        download(3),
        "",
        "4\tar\t11\tso",
        "ng\tsinger\t0",
        download("nobody"),
        "\t" + download(5),
    )
    write_lines(folder / "20170304_2_search.log", search("nobody"), search(""))
    (folder / "20170305_2_play.log").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def first(raw_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Build everything."""
    return kept(build(raw_logs, tmp_path_factory.mktemp("warehouse"), *WITHOUT_UNIT_TESTS))


@pytest.fixture(scope="module")
def second(raw_logs: Path, first: Build) -> Build:
    """Build everything again."""
    return kept(build(raw_logs, first.warehouse.folder, *WITHOUT_UNIT_TESTS))


@pytest.fixture(scope="module")
def failed_start(second: Build, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Try to build from an empty folder."""
    empty = tmp_path_factory.mktemp("empty")
    return kept(run_dbt(empty, second.warehouse.folder, "build"))


@pytest.fixture(scope="module")
def changed(raw_logs: Path, failed_start: Build) -> Build:
    """Build after files were added, changed, taken away, renamed and packed."""
    write_lines(raw_logs / "20170305_3_down.log", download(6), download("nobody"), "")
    write_lines(raw_logs / "20170303_2_down.log", download(7), "1\tar\t11\tso", "ng\tsinger\t0")
    (raw_logs / "20170306_1_play.log").unlink()
    (raw_logs / "20170304_2_search.log").unlink()
    (raw_logs / "20170307_1_search.log").rename(raw_logs / "20170307_4_search.log")
    (raw_logs / "20170308_1_play.log").rename(raw_logs / "20170308_1_play.log.gz")
    return kept(build(raw_logs, failed_start.warehouse.folder, *STAGING))


@pytest.fixture(scope="module")
def from_scratch(raw_logs: Path, changed: Build, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Build the changed folder in a new warehouse."""
    assert changed.working
    return kept(build(raw_logs, tmp_path_factory.mktemp("warehouse"), *STAGING))


def test_the_first_build_reads_every_file_with_lines(first: Build, raw_logs: Path) -> None:
    """Else the tests below would compare nothing with nothing."""
    assert len(first.files_read) == len(list(raw_logs.iterdir())) - 1
    assert all(first.working[f"staging.stg_player_logs__{event}"] for event in EVENTS)
    assert first.working["features.user_features"]
    assert first.working["reports.rpt_rejected_lines"]
    assert "features.user_features" in first.published
    assert "user_features.parquet" in first.parquet


def test_the_same_folder_twice_changes_no_table(first: Build, second: Build) -> None:
    assert differing_tables(first.working, second.working) == []


def test_the_same_folder_twice_publishes_the_same(first: Build, second: Build) -> None:
    assert differing_tables(first.published, second.published) == []
    assert first.parquet == second.parquet


def test_an_unchanged_folder_is_not_read_again(second: Build) -> None:
    """A delivery without a single record has left nothing to be known by, and little to read."""
    assert second.files_read <= {"20170304_2_search.log"}


def test_a_build_that_cannot_start_leaves_everything_as_it_was(
    second: Build, failed_start: Build
) -> None:
    assert failed_start.warehouse.return_code != 0
    assert differing_tables(second.working, failed_start.working) == []
    assert differing_tables(second.published, failed_start.published) == []


def test_only_new_and_changed_files_are_read(changed: Build) -> None:
    """A renamed file is a new delivery; one that merely says it is packed is the old one."""
    assert {re.sub(r"\.[0-9a-f]+\.regular$", "", name) for name in changed.files_read} == {
        "20170305_3_down.log",
        "20170303_2_down.log",
        "20170307_4_search.log",
    }


def test_what_was_staged_over_time_equals_a_build_from_scratch(
    changed: Build, from_scratch: Build
) -> None:
    """Only the paths of landed copies differ: they lie in the warehouse."""
    over_time, at_once = (
        contents_of(
            one.warehouse.folder / "music_box.duckdb",
            ["staging"],
            is_compared=lambda name: name not in {"regular_path", "irregular_path"},
        )
        for one in (changed, from_scratch)
    )

    assert differing_tables({table: over_time[table] for table in at_once}, at_once) == []
    for report in ("reports.rpt_deliveries", "reports.rpt_rejected_lines"):
        assert changed.working[report] == from_scratch.working[report]


def test_a_changed_file_replaces_its_own_rows_and_a_gone_one_takes_its_rows_along(
    changed: Build,
) -> None:
    """Worked out by hand, since two builds could agree on the same mistake."""
    assert changed.warehouse.rows(
        """
        select file_name, line_number, user_id, song_name
        from staging.stg_player_logs__downloads
        inner join staging.stg_player_logs__deliveries using (delivery_id)
        where part <> '1'
        order by all
        """
    ) == [
        ("20170303_2_down.log", 1, 7, "song"),
        ("20170303_2_down.log", 2, 1, "so ng"),
        ("20170305_3_down.log", 1, 6, "song"),
    ]
    assert changed.warehouse.rows(
        """
        select distinct event_date, 'play' from staging.stg_player_logs__plays
        where event_date between '2017-03-05' and '2017-03-08'
        union all
        select distinct event_date, 'search' from staging.stg_player_logs__searches
        where event_date = '2017-03-07'
        order by all
        """
    ) == [
        (date(2017, 3, 5), "play"),
        (date(2017, 3, 7), "play"),
        (date(2017, 3, 7), "search"),
        (date(2017, 3, 8), "play"),
    ]
