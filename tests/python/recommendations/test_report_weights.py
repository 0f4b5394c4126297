"""The study's combination of lists, on paper and against a slow reading of the rule."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from music_box.recommendations.warehouse import report_weights
from music_box.recommendations.warehouse.report_weights import (
    NO_SONG,
    interleave,
    report_weights_lists,
)
from music_box.recommendations.warehouse.split_data import LIST_TYPES

WEIGHTS = pd.DataFrame(
    {"recommender": ["popularity", "item_item", "overlap"], "weight": [0.2, 0.2, 0.6]}
)


def sources(user: int = 1, split: str = "serve", **lists: list[int] | range) -> pd.DataFrame:
    rows = [
        (pd.Timestamp("2017-05-12"), split, user, source, place, song)
        for source, songs in lists.items()
        for place, song in enumerate(songs, 1)
    ]
    columns = ["snapshot_date", "split", "user_id", "source", "source_rank", "song_id"]
    return pd.DataFrame(rows, columns=columns)


def combined(frame: pd.DataFrame, weights: pd.DataFrame = WEIGHTS, places: int = 10) -> list[int]:
    lists = report_weights_lists(frame, weights, places)
    assert lists["rank"].tolist() == list(range(1, len(lists) + 1))
    return lists["song_id"].tolist()


def test_ten_places_are_six_two_and_two_spread_evenly() -> None:
    frame = sources(overlap=range(101, 120), popularity=range(201, 220), item_item=range(301, 320))
    # due: overlap 0.83 2.5 4.17 5.83 7.5 9.17, the others 2.5 and 7.5
    ten = [101, 102, 301, 201, 103, 104, 105, 302, 202, 106]
    assert combined(frame) == ten
    again = [107, 108, 303, 203, 109, 110, 111, 304, 204, 112]
    assert combined(frame, places=20) == ten + again


def test_a_taken_song_is_skipped_and_not_the_place() -> None:
    frame = sources(overlap=[1, 2, 3, 4, 5, 6, 7], popularity=[1, 4, 8], item_item=[2, 9, 10])
    # item_item's first turn finds 2 taken, popularity's 1; overlap later finds 4 taken
    assert combined(frame) == [1, 2, 9, 4, 3, 5, 6, 10, 8, 7]


def test_a_dry_list_passes_its_places_on() -> None:
    frame = sources(popularity=range(201, 220), item_item=range(301, 320))
    assert combined(frame) == [301, 201, 302, 202, 303, 203, 304, 204, 305, 205]
    frame = sources(overlap=[101, 102, 103], popularity=range(201, 220), item_item=[301])
    assert combined(frame) == [101, 102, 301, 201, 103, 202, 203, 204, 205, 206]
    # a list of songs that are all taken is dry as well
    frame = sources(overlap=[1, 2], popularity=[1, 2], item_item=[2, 1])
    assert combined(frame) == [1, 2]


def test_whoever_has_popularity_alone_gets_it_in_its_order() -> None:
    assert combined(sources(popularity=[9, 7, 8])) == [9, 7, 8]


def test_a_source_without_weight_gives_nothing() -> None:
    frame = sources(overlap=[1, 2], popularity=[3], item_item=[4])
    weights = WEIGHTS.assign(weight=[0.5, 0.5, 0.0])
    assert combined(frame, weights) == [4, 3]


def test_users_and_splits_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_weights, "USERS_AT_ONCE", 2)
    frame = pd.concat(
        [
            sources(user, split, popularity=[user, 10 * user], overlap=[len(split)])
            for user in (3, 1, 2)
            for split in ("temporal", "random")
        ]
    )
    lists = report_weights_lists(frame.sample(frac=1, random_state=1), WEIGHTS, 100)
    found = lists.groupby(["split", "user_id"])["song_id"].agg(list).to_dict()
    assert found == {
        (split, user): [len(split), user, 10 * user]
        for user in (1, 2, 3)
        for split in ("temporal", "random")
    }
    assert set(lists["recommender"]) == {"report_weights"}
    assert lists["score"].tolist() == [1.0, 0.99, 0.98] * 6


def test_without_lists_there_are_no_rows() -> None:
    lists = report_weights_lists(sources(), WEIGHTS, 10)
    assert list(lists) == list(LIST_TYPES)
    assert len(lists) == 0


def slowly(lists: list[list[int]], weights: list[Fraction], places: int) -> list[int]:
    """The rule as it is said: at each place ask the list that is due, of those that have songs."""
    taken: list[int] = []
    given_songs = [0] * len(lists)
    while len(taken) < places:
        waiting = [[song for song in songs if song not in taken] for songs in lists]
        able = [number for number, songs in enumerate(waiting) if songs]
        if not able:
            break
        due = min(able, key=lambda number: (given_songs[number] + Fraction(1, 2)) / weights[number])
        taken.append(waiting[due][0])
        given_songs[due] += 1
    return taken


@given(
    st.lists(
        st.lists(st.lists(st.integers(1, 15), unique=True, max_size=12), min_size=3, max_size=3),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.integers(1, 9), min_size=3, max_size=3),
    st.integers(1, 20),
)
def test_interleaving_is_the_rule(
    users: list[list[list[int]]], tenths: list[int], places: int
) -> None:
    songs = np.full((len(users), 3, 12), NO_SONG)
    for user, lists in enumerate(users):
        for number, listed in enumerate(lists):
            songs[user, number, : len(listed)] = listed
    found = interleave(songs, np.array(tenths) / 10, places)
    weights = [Fraction(number, 10) for number in tenths]
    for user, lists in enumerate(users):
        expected = slowly(lists, weights, places)
        assert found[user].tolist() == expected + [NO_SONG] * (places - len(expected))
