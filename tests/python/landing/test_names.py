"""What a file's name says, and what becomes of files whose names say nothing."""

import os
from datetime import date
from pathlib import Path

import pytest
from music_box.landing import DeliveryName, parse_delivery_name

from .conftest import DOWNLOAD, NAME_PATTERN, Deliveries

MARCH_30 = date(2017, 3, 30)


@pytest.mark.parametrize(
    ("file_name", "expected"),
    [
        ("20170330_1_play.log", DeliveryName("20170330_1_play.log", MARCH_30, "1", "play")),
        ("20170330_2_down.log.gz", DeliveryName("20170330_2_down.log", MARCH_30, "2", "down")),
        (
            "20170330_3_search.log.tar.gz",
            DeliveryName("20170330_3_search.log", MARCH_30, "3", "search"),
        ),
        ("20170330_play.log", DeliveryName("20170330_play.log", MARCH_30, "", "play")),
        (
            "20170330_00_night shift_play.log",
            DeliveryName("20170330_00_night shift_play.log", MARCH_30, "00_night shift", "play"),
        ),
        (
            "20170330_play_down.log",
            DeliveryName("20170330_play_down.log", MARCH_30, "play", "down"),
        ),
        ("20160229_play.log", DeliveryName("20160229_play.log", date(2016, 2, 29), "", "play")),
    ],
)
def test_a_good_name_says_date_part_and_event(file_name: str, expected: DeliveryName) -> None:
    assert parse_delivery_name(file_name, NAME_PATTERN) == expected


@pytest.mark.parametrize(
    "file_name",
    [
        "20170230_1_play.log",
        "20170229_1_play.log",
        "20171301_1_play.log",
        "00000101_1_play.log",
        "2017330_1_play.log",
        "2017-03-30_1_play.log",
        "20170330__play.log",
        "20170330play.log",
        "1_play.log",
        "play.log",
        "20170330_1_plays.log",
        "20170330_1_Play.log",
        "20170330_1_play.txt",
        "20170330_1_play.log.zip",
        "20170330_1_play.log.gz.gz",
        "20170330_1_play.log.part",
        "copy of 20170330_1_play.log",
        "20170330_1_play.log\n",
        "",
    ],
)
def test_a_bad_name_says_nothing(file_name: str) -> None:
    assert parse_delivery_name(file_name, NAME_PATTERN) is None


def test_files_with_bad_names_are_listed_but_not_read(deliveries: Deliveries) -> None:
    deliveries.write("play.log", DOWNLOAD)
    deliveries.write("20170230_1_play.log", DOWNLOAD)
    (deliveries.raw_logs / "20170330_1_play.log").mkdir()
    (deliveries.raw_logs / "20170331_1_play.log").symlink_to("nowhere")

    landed = deliveries.land()

    bad_name = "the name is not YYYYMMDD[_part]_{play|down|search}.log[.gz|.tar.gz]"
    assert {name: row["problem"] for name, row in landed.items()} == {
        "play.log": bad_name,
        "20170230_1_play.log": bad_name,
        "20170330_1_play.log": "not a file",
        "20170331_1_play.log": "not a file",
    }
    assert landed["play.log"]["file_bytes"] == len(DOWNLOAD)
    assert all(row["delivery"] is None and row["lines"] is None for row in landed.values())


def test_hidden_files_and_markers_are_no_deliveries(deliveries: Deliveries) -> None:
    deliveries.write(".20170330_1_down.log.swp", b"")
    deliveries.write("_SUCCESS", b"")

    assert deliveries.land() == {}


def test_a_name_that_is_no_text_is_listed_and_stops_nothing(deliveries: Deliveries) -> None:
    """An archive packed on a Chinese Windows yields names in GBK, which no column can hold."""
    Path(
        os.fsdecode(os.fsencode(deliveries.raw_logs) + b"/20170330_\xb8\xe8_down.log")
    ).write_bytes(DOWNLOAD)
    deliveries.write("20170330_1_down.log", DOWNLOAD)

    landed = deliveries.land()

    assert landed[r"20170330_\xb8\xe8_down.log"]["problem"] == "the name is not UTF-8 text"
    assert landed["20170330_1_down.log"]["lines"] == 1


def test_a_name_too_long_to_land_is_listed_and_stops_nothing(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File systems allow 255 bytes; landed copies need some of them for endings of their own."""
    monkeypatch.setattr("music_box.landing.folder.RECENT_SECONDS", -1)
    name = f"20170330_{'x' * 230}_down.log"
    deliveries.write("20170330_1_down.log", DOWNLOAD)

    assert deliveries.land_one(name, DOWNLOAD)["problem"] == "the name is longer than 200 bytes"
    assert deliveries.land()["20170330_1_down.log"]["lines"] == 1


def test_odd_parts_are_landed_under_their_own_names(deliveries: Deliveries) -> None:
    names = [
        "20170330_it's_down.log",
        "20170330_1.landed.json_down.log",
        "20170330_*_down.log",
        "20170330_[1]_down.log",
        "20170330_%41_down.log",
        "20170330_早上_down.log",
    ]
    for position, name in enumerate(names):
        deliveries.write(name, DOWNLOAD * position + b"\n")

    landed = deliveries.land()

    assert {name: landed[name]["lines"] for name in names} == {
        name: position + 1 for position, name in enumerate(names)
    }
    assert len({landed[name]["regular_path"] for name in names}) == len(names)
