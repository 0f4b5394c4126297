"""Songs before churn: what is planted is found, what is chance or confounding is not."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import Warehouse, run_dbt
from music_box.statistics import false_discovery_rates
from scipy import stats

# each population is a training snapshot of its own
PLANTED = dt.date(2017, 4, 28)
CHANCE = dt.date(2017, 6, 30)
ALL_CHURNED = dt.date(2017, 8, 31)

USERS = 4000
SONGS = 400
LAST_DAYS = 10
MINIMUM_LISTENERS = 20
ONLY_BEFORE_CHURN, MORE_BEFORE_CHURN, ONLY_OF_STAYING = 901, 902, 903
SETTINGS = {
    "last_days_before_churn": 3,
    "minimum_song_listeners": MINIMUM_LISTENERS,
    "false_discovery_rate": 0.05,
}
MODELS = [
    *("--select", "songs_before_churn_listeners+"),
    *("--exclude", "published_copy"),
    *("--vars", json.dumps(SETTINGS)),
]

TABLES = {
    "intermediate.int_snapshots": "snapshot_date date, feature_start_date date, role varchar",
    "intermediate.int_snapshot_user_days": "snapshot_date date, user_id bigint, event_date date",
    "intermediate.int_cleaned_plays": (
        "snapshot_date date, user_id bigint, event_date date, song_id bigint"
    ),
    "churn.churn_labels": "snapshot_date date, user_id bigint, is_churned boolean",
    "intermediate.int_song_names": (
        "snapshot_date date, song_id bigint, song_name varchar, singer varchar"
    ),
}


def listening(snapshot: dt.date, seed: int) -> pd.DataFrame:
    """Who hears what: a row per user and song; churn depends on the stratum and nothing else.

    Users of an earlier last day churn more often, hear fewer songs, and other ones.
    """
    rng = np.random.default_rng(seed)
    age = rng.integers(0, LAST_DAYS, USERS)
    song_count = 1 + rng.poisson(np.where(rng.random(USERS) < 0.08 * age, 3, 12))
    popularity = rng.normal(0, 0.8, SONGS) + np.outer(age, rng.normal(0, 0.1, SONGS))
    # the largest of popularity plus Gumbel noise are a draw without replacement
    preference = (-popularity - rng.gumbel(size=popularity.shape)).argsort(axis=1)
    band = np.floor(np.log2(song_count))
    is_churned = rng.random(USERS) < 0.15 + 0.06 * age + 0.04 * (4 - band)
    return pd.DataFrame(
        {
            "snapshot_date": snapshot,
            "user_id": user,
            "last_active_date": snapshot - dt.timedelta(days=int(age[user])),
            "is_churned": is_churned[user],
            "song_id": preference[user, : song_count[user]] + 1,
        }
        for user in range(USERS)
    ).explode("song_id", ignore_index=True)


def plant(listeners: pd.DataFrame, song: int, churned: float, staying: float) -> pd.DataFrame:
    """Let some users hear this song instead of one of theirs, which leaves their stratum alone."""
    rng = np.random.default_rng(song)
    catalogue = listeners[listeners["song_id"] <= SONGS]
    firsts = catalogue.drop_duplicates("user_id")
    share = np.where(firsts["is_churned"], churned, staying)
    chosen = firsts.index[rng.random(len(firsts)) < share]
    planted = listeners.copy()
    planted.loc[chosen, "song_id"] = song
    return planted


def populations() -> pd.DataFrame:
    planted = listening(PLANTED, seed=1)
    planted = plant(planted, ONLY_BEFORE_CHURN, churned=0.03, staying=0.0)
    planted = plant(planted, MORE_BEFORE_CHURN, churned=0.09, staying=0.03)
    planted = plant(planted, ONLY_OF_STAYING, churned=0.0, staying=0.03)
    return pd.concat(
        [
            planted,
            listening(CHANCE, seed=2),
            listening(ALL_CHURNED, seed=3).assign(is_churned=True),
        ],
        ignore_index=True,
    )


def write(warehouse: Path, listeners: pd.DataFrame) -> None:
    """The tables that the models read."""
    warehouse.mkdir()
    with duckdb.connect(str(warehouse / "music_box.duckdb")) as connection:
        for table, columns in TABLES.items():
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            connection.execute(f"create table {table} ({columns})")
        rows = listeners.astype({"song_id": "int64"})
        connection.register("listeners", rows)
        for table, query in {
            "intermediate.int_snapshots": (
                "select distinct snapshot_date, snapshot_date::date - 29, 'training' from listeners"
            ),
            "intermediate.int_snapshot_user_days": (
                "select distinct snapshot_date, user_id, last_active_date from listeners"
            ),
            "intermediate.int_cleaned_plays": (
                "select snapshot_date, user_id, last_active_date, song_id from listeners"
            ),
            "churn.churn_labels": (
                "select distinct snapshot_date, user_id, is_churned from listeners"
            ),
            "intermediate.int_song_names": (
                "select distinct snapshot_date, song_id, 'song ' || song_id, 'singer' "
                "from listeners"
            ),
        }.items():
            connection.execute(f"insert into {table} {query}")


Report = Callable[[dt.date], pd.DataFrame]


@pytest.fixture(scope="module")
def listeners() -> pd.DataFrame:
    return populations()


@pytest.fixture(scope="module")
def warehouse(listeners: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("songs") / "warehouse"
    write(folder, listeners)
    built = run_dbt(folder / "raw_logs", folder, "run", *MODELS)
    assert built.return_code == 0, built.output
    return built


@pytest.fixture(scope="module")
def report(warehouse: Warehouse) -> Report:
    def of(snapshot: dt.date) -> pd.DataFrame:
        return warehouse.query(
            "select * from reports.rpt_songs_before_churn"
            f" where snapshot_date = date '{snapshot}' order by rank"
        ).set_index("song_id")

    return of


def mantel_haenszel(listeners: pd.DataFrame) -> pd.DataFrame:
    """The test once more, in pandas, with scipy's hypergeometric distribution."""
    song_count = listeners.groupby("user_id")["song_id"].transform("size")
    rows = listeners.assign(band=np.floor(np.log2(song_count)))
    stratum = ["last_active_date", "band"]
    users = rows.drop_duplicates("user_id").groupby(stratum)["is_churned"]
    tables = (
        rows.groupby([*stratum, "song_id"])["is_churned"]
        .agg(listeners="size", churned_listeners="sum")
        .join(users.agg(users="size", churned="sum"))
        .astype(float)
    )
    others = tables["users"] - tables["listeners"]
    staying_listeners = tables["listeners"] - tables["churned_listeners"]
    churned_others = tables["churned"] - tables["churned_listeners"]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, variance = stats.hypergeom.stats(
            tables["users"], tables["churned"], tables["listeners"], moments="mv"
        )
    tables["expected_churned_listeners"] = mean
    # one user leaves no choice
    tables["variance"] = np.where(tables["users"] > 1, variance, 0.0)
    tables["up"] = tables["churned_listeners"] * (others - churned_others) / tables["users"]
    tables["down"] = staying_listeners * churned_others / tables["users"]
    sums = tables.groupby("song_id").sum()
    sums = sums[(sums["listeners"] >= MINIMUM_LISTENERS) & (sums["variance"] > 1e-9)]
    excess = sums["churned_listeners"] - sums["expected_churned_listeners"]
    return sums[["listeners", "churned_listeners", "expected_churned_listeners"]].assign(
        odds_ratio=sums["up"] / sums["down"].where(sums["down"] > 0),
        z_statistic=excess / np.sqrt(sums["variance"]),
    )


@pytest.mark.parametrize("snapshot", [PLANTED, CHANCE])
def test_the_tables_agree_with_the_textbook(
    report: Report, listeners: pd.DataFrame, snapshot: dt.date
) -> None:
    expected = mantel_haenszel(listeners[listeners["snapshot_date"] == snapshot])
    found = report(snapshot)

    assert len(expected) > 300
    pd.testing.assert_frame_equal(
        found[expected.columns].sort_index().astype(float),
        expected.sort_index(),
        check_index_type=False,
        rtol=1e-6,
        atol=1e-6,
    )
    p_value = 2 * stats.norm.sf(found["z_statistic"].abs())
    assert found["p_value"].to_numpy() == pytest.approx(p_value)
    assert found["q_value"].to_numpy() == pytest.approx(stats.false_discovery_control(p_value))
    assert set(found["tested_songs"]) == {len(expected)}


def test_planted_songs_are_found_and_others_are_not(report: Report) -> None:
    songs = report(PLANTED)

    findings = songs[songs["is_over_represented"]]
    assert set(findings.index) == {ONLY_BEFORE_CHURN, MORE_BEFORE_CHURN}
    # planted: .09/.91 to .03/.97
    assert findings["odds_ratio"].between(2, 5).to_dict() == {
        ONLY_BEFORE_CHURN: False,
        MORE_BEFORE_CHURN: True,
    }
    assert findings["odds_ratio"].isna()[ONLY_BEFORE_CHURN]
    assert findings["song_name"].to_dict() == {song: f"song {song}" for song in findings.index}
    # what says most against churn is no finding
    last = songs.tail(1)
    assert last.index.tolist() == [ONLY_OF_STAYING]
    assert last["odds_ratio"].tolist() == [0.0]
    assert (last["q_value"] < 0.05).all()


def test_where_only_the_stratum_matters_p_is_uniform_and_nothing_is_found(
    report: Report, listeners: pd.DataFrame
) -> None:
    """Two proportions compared without strata find a good part of these songs."""
    songs = report(CHANCE)

    assert not songs["is_over_represented"].any()
    assert np.mean(songs["p_value"] < 0.05) == pytest.approx(0.05, abs=0.025)
    assert np.mean(songs["p_value"] < 0.5) == pytest.approx(0.5, abs=0.08)

    rows = listeners[listeners["snapshot_date"] == CHANCE]
    churned = rows.drop_duplicates("user_id")["is_churned"]
    heard = rows.groupby("song_id")["is_churned"].agg(["size", "sum"]).loc[songs.index]
    share = heard["size"] / len(churned)
    deviation = np.sqrt(share * (1 - share) * (1 / churned.sum() + 1 / (~churned).sum()))
    difference = heard["sum"] / churned.sum() - (heard["size"] - heard["sum"]) / (~churned).sum()
    naive = 2 * stats.norm.sf(np.abs((difference / deviation).astype(float)))
    assert np.mean(naive < 0.05) > 0.2
    assert np.sum(stats.false_discovery_control(naive) < 0.05) > 30


def test_permuted_labels_leave_nothing_to_find(listeners: pd.DataFrame) -> None:
    """Labels shuffled within strata; the textbook's z, which the tables agree with."""
    rows = listeners[listeners["snapshot_date"] == PLANTED]
    users = rows.groupby("user_id").agg(
        last_active_date=("last_active_date", "first"),
        songs=("song_id", "size"),
        is_churned=("is_churned", "first"),
    )
    users["band"] = np.floor(np.log2(users["songs"]))
    rng = np.random.default_rng(4)
    permuted = users.groupby(["last_active_date", "band"])["is_churned"].transform(
        lambda labels: rng.permutation(labels.to_numpy())
    )
    tests = mantel_haenszel(rows.assign(is_churned=rows["user_id"].map(permuted)))

    judged = false_discovery_rates(tests.assign(family=1), family="family")
    assert np.mean(judged["p_value"] < 0.05) == pytest.approx(0.05, abs=0.025)
    assert judged["q_value"].min() > 0.05


def test_a_single_stratum_is_pearsons_and_close_to_fishers_test() -> None:
    """There the statistic squared is Pearson's chi-squared times (n - 1)/n."""
    rows = pd.DataFrame({"user_id": range(200), "last_active_date": CHANCE})
    rows["is_churned"] = rows["user_id"] < 120
    # 45 of 120 churned users, 18 of 80 staying ones heard song 1, the others song 2
    rows["song_id"] = np.where(rows["user_id"].isin([*range(45), *range(120, 138)]), 1, 2)
    table = np.array([[45, 18], [75, 62]])

    song = mantel_haenszel(rows).loc[1]

    pearson = stats.chi2_contingency(table, correction=False).statistic
    assert song["z_statistic"] ** 2 == pytest.approx(pearson * 199 / 200)
    assert song["odds_ratio"] == pytest.approx(45 * 62 / (18 * 75))
    p_value = 2 * stats.norm.sf(song["z_statistic"])
    assert p_value == pytest.approx(stats.fisher_exact(table).pvalue, rel=0.4)


def test_where_all_users_churn_no_song_is_tested(report: Report) -> None:
    assert report(ALL_CHURNED).empty


def test_without_a_training_snapshot_the_tables_are_empty(tmp_path: Path) -> None:
    folder = tmp_path / "warehouse"
    write(folder, populations().head(0))

    built = run_dbt(folder / "raw_logs", folder, "build", *MODELS)

    assert built.return_code == 0, built.output
    assert built.rows("select count(*) from reports.rpt_songs_before_churn") == [(0,)]


def test_q_follows_from_its_definition_within_each_family() -> None:
    """The least rate, over all places to draw the line, at which the test is a finding."""
    rng = np.random.default_rng(5)
    tests = pd.DataFrame(
        {"family": rng.integers(0, 2, 60), "z_statistic": rng.normal(0, 2, 60).round(1)}
    )

    judged = false_discovery_rates(tests, family="family")

    assert judged["z_statistic"].duplicated().any()
    for _, family in judged.groupby("family"):
        p_values = family["p_value"].to_numpy()
        assert p_values == pytest.approx(2 * stats.norm.cdf(-family["z_statistic"].abs()))
        rate = {line: len(p_values) * line / np.sum(p_values <= line) for line in p_values}
        expected = [min(rate[line] for line in p_values if line >= own) for own in p_values]
        assert family["q_value"].to_numpy() == pytest.approx(np.array(expected))


def test_one_test_needs_no_correction_and_none_gives_none() -> None:
    one = pd.DataFrame({"family": [1], "z_statistic": [-2.0]})

    judged = false_discovery_rates(one, family="family")

    assert judged["q_value"].tolist() == judged["p_value"].tolist()
    assert judged["p_value"].tolist() == pytest.approx([0.0455002639])
    assert list(false_discovery_rates(one.head(0), family="family").columns) == [
        *one.columns,
        "p_value",
        "q_value",
    ]
