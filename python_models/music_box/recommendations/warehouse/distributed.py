"""Alternating least squares by Spark's MLlib: for users and songs that no single machine holds.

The same table as that of other lists. It differs from `als` where MLlib does: a song that was not
taken weighs 1, and `alpha` says how much more one that was (Hu, Koren, Volinsky 2008).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as sql

RECOMMENDER = "als_distributed"
KEYS = ["snapshot_date", "split"]
# Users who know about as many songs are listed together: who knows more needs a longer list, to be
# left with enough of it.
KNOWN_SONGS = [50, 200, 1_000, 10_000]


def als_lists(
    examples: DataFrame,
    users: DataFrame,
    catalogue: DataFrame,
    exclusions: DataFrame,
    settings: Mapping[str, Any],
) -> DataFrame:
    """The songs that each listed user of the utility matrix is most likely to take.

    Parameters
    ----------
    examples, users, catalogue, exclusions
        `recommendation_examples`, `recommendation_users`, `recommendation_catalogue` and
        `recommendation_exclusions`.
    settings
        `places` of a list; `factors`, `alpha`, `regularization`, `iterations` and `seed` of the
        algorithm.

    Returns
    -------
    DataFrame
        `snapshot_date`, `split`, `recommender`, `user_id`, `rank`, `song_id`, `score`.
    """
    found = [row.asDict() for row in users.select(*KEYS).distinct().orderBy(*KEYS).collect()]
    lists = []
    for key in found:
        example, user, song, exclusion = (
            _of_split(table, key) for table in (examples, users, catalogue, exclusions)
        )
        keys = [sql.lit(key[name]).alias(name) for name in KEYS]
        lists.append(_lists_of(example, user, song, exclusion, settings).select(*keys, "*"))
    return reduce(DataFrame.unionByName, lists)


def _of_split(table: DataFrame, key: Mapping[str, Any]) -> DataFrame:
    return table.where(
        (sql.col("snapshot_date") == sql.lit(key["snapshot_date"]))
        & (sql.col("split") == key["split"])
    )


def _lists_of(
    examples: DataFrame,
    users: DataFrame,
    catalogue: DataFrame,
    exclusions: DataFrame,
    settings: Mapping[str, Any],
) -> DataFrame:
    """Lists of one split."""
    # MLlib numbers users and items by integers of 32 bits, which an id may exceed
    members = _numbered(users.where("is_in_matrix"), "user_id").select(
        "user_id", "user_number", "split", "is_evaluated"
    )
    songs = _numbered(catalogue, "song_id").select("song_id", "song_number")
    pairs = (
        examples.join(members.select("user_id", "user_number"), "user_id")
        .join(songs, "song_id")
        .select("user_number", "song_number", sql.lit(1.0).cast("float").alias("taken"))
    )
    model = ALS(
        userCol="user_number",
        itemCol="song_number",
        ratingCol="taken",
        implicitPrefs=True,
        rank=settings["factors"],
        alpha=settings["alpha"],
        regParam=settings["regularization"],
        maxIter=settings["iterations"],
        seed=settings["seed"],
    ).fit(pairs)
    known = exclusions.join(songs, "song_id").select("user_id", "song_id").distinct().persist()
    listed = members.where("is_evaluated or split = 'serve'").join(
        known.groupBy("user_id").agg(sql.count("*").alias("known_songs")), "user_id"
    )
    places = settings["places"]
    best = []
    for fewest, most in zip([-1, *KNOWN_SONGS], [*KNOWN_SONGS, None], strict=True):
        some = listed.where(
            (sql.col("known_songs") > fewest)
            & (sql.col("known_songs") <= most if most else sql.lit(True))
        )
        count = places + (most or songs.count())
        best.append(model.recommendForUserSubset(some.select("user_number"), count))
    scored = (
        reduce(DataFrame.unionByName, best)
        .select("user_number", sql.explode("recommendations").alias("song"))
        .select("user_number", "song.song_number", sql.col("song.rating").alias("score"))
        .join(members.select("user_id", "user_number"), "user_number")
        .join(songs, "song_number")
        .join(known, ["user_id", "song_id"], "left_anti")
    )
    order = Window.partitionBy("user_id").orderBy(sql.desc("score"), "song_id")
    return (
        scored.withColumn("rank", sql.row_number().over(order))
        .where(sql.col("rank") <= places)
        .select(
            sql.lit(RECOMMENDER).alias("recommender"),
            "user_id",
            sql.col("rank").cast("integer").alias("rank"),
            "song_id",
            sql.col("score").cast("double").alias("score"),
        )
    )


def _numbered(table: DataFrame, name: str) -> DataFrame:
    """Rows numbered by an id, from 0, in its order."""
    number = sql.row_number().over(Window.orderBy(name)) - 1
    return table.withColumn(f"{name.removesuffix('_id')}_number", number)
