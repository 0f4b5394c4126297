"""Recommendations inside whole builds: listeners of every kind, again, and on the next day."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import QUICK_MODELS, NextDay, Warehouse, build, names_of, run_dbt
from deliveries.contents import differing_tables, fingerprints_of
from deliveries.lines import download, play, search, write_lines

# Fitting churn takes most of the time, and nothing here reads it.
WITHOUT_CHURN = ("--exclude", "path:python_models/churn+", "--exclude-resource-type", "unit_test")
LAST_DAY = date(2017, 5, 12)
DAYS = [LAST_DAY - timedelta(days=age) for age in range(43, -1, -1)]
WINDOW = DAYS[-30:]
SONG_SECONDS, SKIPPED = 200, 20

# Two tastes of twenty songs, and one song that is heard once.
TASTES = (range(1, 21), range(21, 41))
HEARD_ONCE = 999
SONGS = {*TASTES[0], *TASTES[1], HEARD_ONCE}
REGULAR_USERS = range(1, 81)
FIVE, SIX, ONE, EVERYTHING, SEARCHES, DISLIKES, NEARLY = 101, 102, 103, 104, 105, 106, 107
TWINS = (108, 109)
FEW_SONGS = {
    FIVE: [1, 2, 3, 4, 5],
    SIX: [1, 2, 3, 4, 5, 6],
    ONE: [30],
    EVERYTHING: sorted(SONGS),
    NEARLY: sorted(SONGS - {3, 17, 25, HEARD_ONCE}),
    **{key: [22, 24, 26, 28, 30, 32, 2] for key in TWINS},
}
DISLIKED = [21, 22, 23, 24, 25, 26, 27]
RECOMMENDED = 10
CONTEXTS = ("any", "weekday", "weekend")
RECOMMENDERS = {
    *["popularity", "item_item", "nmf", "truncated_svd", "report_weights", "learnt_blend"],
}


@dataclass(frozen=True)
class Heard:
    """A play of the hand-made log."""

    day: date
    user_id: int
    song_id: int
    seconds: int = SONG_SECONDS


def regular_plays() -> list[Heard]:
    """Users of either taste, each of whom comes to know a new song every fourth day."""
    draw = random.Random(1)
    plays = []
    for user_id in REGULAR_USERS:
        taste, other = TASTES[user_id % 2], TASTES[(user_id + 1) % 2]
        songs = [*draw.sample(taste, 13), *draw.sample(other, 2)]
        draw.shuffle(songs)
        for number, day in enumerate(DAYS):
            song_id = draw.choice(songs[: 4 + number // 4])
            seconds = SONG_SECONDS if song_id in taste else draw.choice([50, 100])
            plays.append(Heard(day, user_id, song_id, seconds))
    return plays


def all_plays() -> list[Heard]:
    """Regular users, and those whom a rule has to think of."""
    plays = regular_plays()
    for user_id, songs in FEW_SONGS.items():
        plays += [Heard(WINDOW[5 + place % 20], user_id, song) for place, song in enumerate(songs)]
    plays += [Heard(day, DISLIKES, song, SKIPPED) for song in DISLIKED for day in WINDOW[-3:]]
    return plays


def write_log(folder: Path, plays: list[Heard]) -> None:
    """One file per day and event; somebody searches, and regular users download, every day."""
    lines: dict[date, list[str]] = defaultdict(list)
    for heard in plays:
        lines[heard.day].append(
            play(
                heard.user_id,
                heard.song_id,
                song_name=f"song {heard.song_id}",
                singer=f"singer {heard.song_id % 10}",
                play_time=heard.seconds,
                song_length=SONG_SECONDS,
            )
        )
    for day in DAYS:
        write_lines(folder / f"{day:%Y%m%d}_play.log", *lines[day])
        write_lines(folder / f"{day:%Y%m%d}_down.log", download(1, 1))
        write_lines(
            folder / f"{day:%Y%m%d}_search.log", search(SEARCHES, time_stamp=f"{day} 20:00:00")
        )


@dataclass(frozen=True)
class HandMade:
    """A build of the hand-made log, and what its users heard in the feature window."""

    logs: Path
    warehouse: Warehouse
    heard: dict[int, set[int]]
    popular: list[int]

    def unheard(self, user_id: int) -> set[int]:
        """The songs that may be recommended to a user."""
        return SONGS - self.heard[user_id]

    def lists(self) -> dict[tuple[int, str], list[int]]:
        """Songs by user and context, in their order."""
        rows = self.warehouse.rows("""
            select user_id, context, list(song_id order by rank)
            from recommendations.recommendations
            group by all
        """)
        return {row[:2]: row[2] for row in rows}

    def served(self) -> dict[tuple[str, int], list[int]]:
        """Songs by recommender and user, in their order."""
        rows = self.warehouse.rows("""
            select recommender, user_id, list(song_id order by rank)
            from recommendations.recommendation_candidates
            where split = 'serve'
            group by all
        """)
        return {row[:2]: row[2] for row in rows}

    def policies(self, user_id: int) -> set[str]:
        """Who proposes songs to a user."""
        rows = self.warehouse.rows(f"""
            select distinct policy from recommendations.recommendations where user_id = {user_id}
        """)
        return {policy for (policy,) in rows}


@pytest.fixture(scope="module")
def hand_made(tmp_path_factory: pytest.TempPathFactory) -> HandMade:
    logs = tmp_path_factory.mktemp("hand_made_listeners")
    plays = all_plays()
    write_log(logs, plays)
    in_window = [play for play in plays if play.day in WINDOW]
    heard: dict[int, set[int]] = {SEARCHES: set()}
    listeners: dict[int, set[int]] = defaultdict(set)
    for one in in_window:
        heard.setdefault(one.user_id, set()).add(one.song_id)
        listeners[one.song_id].add(one.user_id)
    heard[1].add(1)
    listeners[1].add(1)
    count = Counter(one.song_id for one in in_window)
    popular = sorted(SONGS, key=lambda song: (-count[song], -len(listeners[song]), song))
    warehouse = build(logs, tmp_path_factory.mktemp("listeners_warehouse"), *WITHOUT_CHURN)
    return HandMade(logs, warehouse, heard, popular)


def test_recommenders_were_tuned_and_judged(hand_made: HandMade) -> None:
    """Else the tests below would be about popular songs only."""
    assert {recommender for recommender, _ in hand_made.served()} >= RECOMMENDERS
    splits = hand_made.warehouse.rows("""
        select distinct split from recommendations.recommender_metrics where split is not null
    """)
    assert {split for (split,) in splits} >= {"temporal", "random"}


@pytest.mark.parametrize("context", CONTEXTS)
def test_everybody_has_ten_new_songs_or_all_that_are_left(
    hand_made: HandMade, context: str
) -> None:
    lists = hand_made.lists()
    users = hand_made.warehouse.rows("""
        select user_id from intermediate.int_snapshot_users where snapshot_date = '2017-05-12'
    """)
    assert {user_id for (user_id,) in users} == set(hand_made.heard)
    for user_id in hand_made.heard:
        songs = lists.get((user_id, context), [])
        assert len(songs) == len(set(songs))
        assert set(songs) <= hand_made.unheard(user_id)
        assert len(songs) == min(RECOMMENDED, len(hand_made.unheard(user_id)))


def test_who_has_heard_everything_gets_nothing(hand_made: HandMade) -> None:
    assert [key for key in hand_made.lists() if key[0] == EVERYTHING] == []
    assert [key for key in hand_made.served() if key[1] == EVERYTHING] == []
    assert set(hand_made.lists()[NEARLY, "any"]) == {3, 17, 25, HEARD_ONCE}


def test_no_recommender_lists_a_song_that_was_heard(hand_made: HandMade) -> None:
    for (recommender, user_id), songs in hand_made.served().items():
        assert set(songs) <= hand_made.unheard(user_id), (recommender, user_id)


@pytest.mark.parametrize("user_id", [ONE, FIVE, SEARCHES])
def test_five_songs_or_fewer_get_popular_ones(hand_made: HandMade, user_id: int) -> None:
    """Most plays first, on any day; contexts may move them."""
    expected = [song for song in hand_made.popular if song in hand_made.unheard(user_id)]
    assert hand_made.lists()[user_id, "any"] == expected[:RECOMMENDED]
    assert hand_made.policies(user_id) == {"popularity"}
    recommenders = {recommender for recommender, user in hand_made.served() if user == user_id}
    assert recommenders == {"popularity"}


@pytest.mark.parametrize("user_id", [SIX, DISLIKES, *TWINS])
def test_six_songs_are_enough_for_a_recommender(hand_made: HandMade, user_id: int) -> None:
    assert hand_made.policies(user_id) & {"learnt_blend", "report_weights"}
    recommenders = {recommender for recommender, user in hand_made.served() if user == user_id}
    assert recommenders >= RECOMMENDERS


def test_equal_users_have_equal_lists(hand_made: HandMade) -> None:
    served, lists = hand_made.served(), hand_made.lists()
    first, second = TWINS
    for recommender in {recommender for recommender, _ in served}:
        assert served.get((recommender, first)) == served.get((recommender, second)), recommender
    for context in CONTEXTS:
        assert lists[first, context] == lists[second, context]


def test_what_was_always_skipped_is_disliked(hand_made: HandMade) -> None:
    rows = hand_made.warehouse.rows("""
        select user_id, list(song_id order by song_id), any_value(reason)
        from recommendations.song_dislikes
        where snapshot_date = '2017-05-12'
        group by all
    """)
    assert rows == [(DISLIKES, DISLIKED, "skipped")]


def test_a_song_heard_once_is_a_song_like_any_other(hand_made: HandMade) -> None:
    rows = hand_made.warehouse.rows(f"""
        select plays, listeners, popularity_rank, is_recommendable
        from recommendations.songs
        where song_id = {HEARD_ONCE} and snapshot_date = '2017-05-12'
    """)
    assert rows == [(1, 1, len(SONGS), True)]


def test_built_again_everything_is_equal(hand_made: HandMade) -> None:
    """Tuned, fitted and listed again: artifacts bit by bit, and so every place of every list."""
    database = hand_made.warehouse.folder / "music_box.duckdb"
    before = fingerprints_of(database, "recommendations")
    assert before["recommender_fits"][0] and before["recommendations"][0]
    again = run_dbt(
        hand_made.logs,
        hand_made.warehouse.folder,
        *["run", "--select", "path:models/recommendations", "path:python_models/recommendations"],
        *["--vars", json.dumps(QUICK_MODELS)],
    )
    assert again.return_code == 0, again.output
    assert {"recommender_tuning", "recommendations"} <= names_of(again, "success")
    assert differing_tables(before, fingerprints_of(database, "recommendations")) == []


# --- daily ---------------------------------------------------------------------------------

# Made when recommenders are tuned, and kept until they are tuned again.
KEPT = (
    *["recommender_tuning", "judged_lists", "recommendation_test_pairs"],
    *["recommendation_relevant_songs", "recommendation_judged_users", "recommendation_hits"],
    *["recommendation_list_novelty", "recommendation_user_metrics", "recommender_metrics"],
    *["recommender_comparisons", "recommender_coverage", "recommender_overlap"],
    *["recommender_metric_replicates", "recommender_bootstrap_weights"],
    *["recommender_in_sample_errors", "report_ratings"],
)


def test_daily_lists_songs_with_the_tuned_recommenders(
    generated_warehouse: tuple[Path, Warehouse], daily_warehouse: Warehouse
) -> None:
    """Without news the day's run changes nothing, and judges nobody."""
    built = names_of(daily_warehouse, "success")
    assert {"recommender_fits", "served_lists", "recommendations", "published_copy"} <= built
    assert sorted(built & set(KEPT)) == []
    _, warehouse = generated_warehouse
    before = fingerprints_of(warehouse.folder / "music_box.duckdb", "recommendations")
    after = fingerprints_of(daily_warehouse.folder / "music_box.duckdb", "recommendations")
    # The seed of likes and dislikes is empty.
    assert [table for table, (rows, _) in before.items() if not rows] == ["known_song_feedback"]
    assert differing_tables(before, after) == []


def test_the_next_day_is_served_with_the_tuning_of_before(next_day: NextDay) -> None:
    """The snapshots move on by a day; the tuning, and what it was judged by, stay."""
    before, after = next_day.before, next_day.after
    for table in KEPT:
        rows = before.rows(f"from recommendations.{table} order by all")
        assert rows, table
        assert after.rows(f"from recommendations.{table} order by all") == rows, table
    days = "select distinct cast(snapshot_date as varchar) from recommendations."
    assert before.rows(f"{days}recommendations") == [("2017-05-02",)]
    assert after.rows(f"{days}recommendations") == [("2017-05-03",)]
    assert after.rows(f"{days}recommender_fits") == [("2017-05-03",)]

    users = "select user_id from intermediate.int_snapshot_users where snapshot_date = '2017-05-03'"
    listed = after.rows("""
        select user_id from recommendations.recommendations
        group by user_id
        having count(*) = 30
        order by user_id
    """)
    assert listed == after.rows(f"{users} order by all")
    policies = "select distinct policy from recommendations.recommendation_policies"
    assert after.rows(policies) == before.rows(policies)
    parameters = """
        select tuning.recommender
        from recommendations.recommender_tuning as tuning
        inner join recommendations.recommender_fits as fits using (recommender)
        where tuning.split = 'temporal' and tuning.parameters = fits.parameters
        order by all
    """
    assert after.rows(parameters) == before.rows(parameters)
    assert len(after.rows(parameters)) == len(
        after.rows("select recommender from recommendations.recommender_fits")
    )
