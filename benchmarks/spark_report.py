"""From raw text to features and ratings in PySpark, as an analyst's notebook would do it.

Runs in an environment of its own, which has PySpark and nothing of the project:

    .venv-spark/bin/python benchmarks/spark_report.py --logs FOLDER --out FOLDER

The folder holds plain text, one file per delivery. The DataFrame API alone, no Python functions, so
that all work is Spark's: lines are split and cached, and ratings come from sums by song. Features
are made twice, so that either way has its cost. As the study made them: each event and each
window is filtered and counted from the cached records, and all these results are joined on the
user. And from sums: plays are added up once by day, and each feature family is an aggregation of
the days. What the study did not have is made from sums in both.

Rules and numbers are the warehouse's. Three things are left out, each to Spark's advantage: lines
that are not whole records are dropped and not repaired, no line is kept by number, and the seeds,
which are empty, are not read.

Results are written as Parquet. What each stage cost is printed as JSON; starting the session is not
counted.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as sql

# the vars of dbt_project.yml that bear on features and ratings
FEATURE_WINDOW_DAYS, LABEL_WINDOW_DAYS = 30, 14
BOT_PERCENTILE, BOT_RULE_MIN_USERS = 0.999, 1000
OUTLIER_PERCENTILE = 0.999
BAND_BORDERS = (0.2, 0.4, 0.6, 0.8)
BEST_BAND = len(BAND_BORDERS) + 1
EARLY_SKIP_SECONDS = 30
EVENING_START_HOUR = 18
LIKED_RATING = 4

# the two ways to make features; a run is one of them and all other stages
FROM_SUMS, AS_THE_STUDY = "features from sums", "features as the study"

PLAY_FIELDS = [
    "uid",
    "device",
    "song_id",
    "song_type",
    "song_name",
    "singer",
    "play_time",
    "song_length",
    "paid_flag",
]
DOWNLOAD_FIELDS = ["uid", "device", "song_id", "song_name", "singer", "paid_flag"]
SEARCH_FIELDS = ["uid", "device", "time_stamp", "search_query"]


# --- What it costs --------------------------------------------------------------------------------


class Stopwatch:
    """What each stage cost this process and the Java process in which Spark runs."""

    def __init__(self) -> None:
        self.stages: list[dict[str, Any]] = []

    @contextmanager
    def stage(self, name: str, snapshot: date | None = None) -> Iterator[None]:
        """Note wall and CPU seconds of what is done inside."""
        wall, cpu = time.perf_counter(), cpu_seconds()
        yield
        self.stages.append(
            {
                "stage": name,
                "snapshot_date": str(snapshot) if snapshot else None,
                "wall_seconds": time.perf_counter() - wall,
                "cpu_seconds": cpu_seconds() - cpu,
            }
        )


def processes() -> list[Path]:
    """Where Linux tells about this process and its children, of which one is Spark."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [Path("/proc/self"), *(Path("/proc") / child for child in children)]


def cpu_seconds() -> float:
    """User and system time of the processes, in seconds."""
    ticks = 0
    for process in processes():
        # the name of the program, in brackets, may hold spaces; what follows may not
        fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_gigabytes() -> float:
    """The most memory that the processes have held, added up."""
    kilobytes = 0
    for process in processes():
        lines = (process / "status").read_text().splitlines()
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return kilobytes / 2**20


# --- Lines to records -----------------------------------------------------------------------------


def read_records(spark: SparkSession, logs: Path, event: str, names: list[str]) -> DataFrame:
    """Lines split at tabs; `uid` is null where a line is no record."""
    file_name = sql.col("_metadata.file_name")
    lines = spark.read.text(f"{logs}/*_{event}.log", lineSep="\n").select(
        sql.split("value", "\t").alias("fields"),
        sql.make_date(
            sql.substring(file_name, 1, 4).cast("int"),
            sql.substring(file_name, 5, 2).cast("int"),
            sql.substring(file_name, 7, 2).cast("int"),
        ).alias("event_date"),
    )
    fields = {name: sql.get("fields", sql.lit(place)) for place, name in enumerate(names)}
    is_record = sql.size("fields") == len(names)
    fields["uid"] = sql.when(is_record, fields["uid"])
    return lines.select("event_date", *(field.alias(name) for name, field in fields.items()))


def number(field: str) -> Column:
    """Return the field as a number; null for what is none, such as `nan`."""
    value = sql.col(field).try_cast("double")
    return sql.when(value.between(-1e15, 1e15), value)


def read_plays(spark: SparkSession, logs: Path) -> DataFrame:
    """One row per play."""
    return read_records(spark, logs, "play", PLAY_FIELDS).select(
        sql.col("uid").try_cast("bigint").alias("user_id"),
        "event_date",
        sql.col("song_id").try_cast("bigint").alias("song_id"),
        sql.nullif("singer", sql.lit("")).alias("singer"),
        number("play_time").alias("play_seconds"),
        number("song_length").alias("song_seconds"),
        (sql.col("device") == "ar").alias("is_android"),
        (sql.col("paid_flag") == "1").alias("is_paid"),
    )


def read_downloads(spark: SparkSession, logs: Path) -> DataFrame:
    """One row per download."""
    return read_records(spark, logs, "down", DOWNLOAD_FIELDS).select(
        sql.col("uid").try_cast("bigint").alias("user_id"),
        "event_date",
        sql.col("song_id").try_cast("bigint").alias("song_id"),
        sql.nullif("singer", sql.lit("")).alias("singer"),
        (sql.col("device") == "ar").alias("is_android"),
        (sql.col("paid_flag") == "1").alias("is_paid"),
    )


def read_searches(spark: SparkSession, logs: Path) -> DataFrame:
    """One row per search."""
    hour = sql.hour(sql.col("time_stamp").try_cast("timestamp"))
    return read_records(spark, logs, "search", SEARCH_FIELDS).select(
        sql.col("uid").try_cast("bigint").alias("user_id"),
        "event_date",
        (sql.col("device") == "ar").alias("is_android"),
        (hour >= EVENING_START_HOUR).alias("is_evening"),
    )


def cached(records: DataFrame) -> DataFrame:
    """Records of users, parsed now and kept for everything that follows.

    What is no record is left out of what is cached, not before: Spark would move the condition to
    the lines, and split each of them twice.
    """
    kept = records.persist()
    kept.count()
    return kept.where(sql.col("user_id") >= 0)


# --- Users, snapshots -----------------------------------------------------------------------------


def of_event(records: DataFrame, event: str, is_paid: Column, is_evening: Column) -> DataFrame:
    """Give the records of all events one shape."""
    return records.select(
        "user_id",
        "event_date",
        sql.lit(event).alias("event"),
        "is_android",
        is_paid.alias("is_paid"),
        is_evening.alias("is_evening"),
    )


def user_activity(plays: DataFrame, downloads: DataFrame, searches: DataFrame) -> DataFrame:
    """What each user did on each day, before any cleaning: one row per user and day."""
    no, is_paid = sql.lit(False), sql.col("is_paid")
    events = (
        of_event(plays, "play", is_paid, no)
        .unionAll(of_event(downloads, "down", is_paid, no))
        .unionAll(of_event(searches, "search", no, sql.col("is_evening")))
    )
    event, is_android = sql.col("event"), sql.col("is_android")
    return events.groupBy("user_id", "event_date").agg(
        sql.count("*").alias("records"),
        sql.count_if(event == "play").alias("raw_plays"),
        sql.count_if(event == "down").alias("downloads"),
        sql.count_if(event == "search").alias("searches"),
        sql.count_if("is_evening").alias("evening_searches"),
        sql.count_if(is_android).alias("android_records"),
        sql.count_if(~is_android).alias("iphone_records"),
        sql.count_if("is_paid").alias("paid_records"),
    )


def find_snapshots(activity: DataFrame) -> list[date]:
    """Training and scoring snapshot, if their feature windows lie inside the logs."""
    events = ["raw_plays", "downloads", "searches"]
    lasts = [sql.max(sql.when(sql.col(event) > 0, sql.col("event_date"))) for event in events]
    first, *last_dates = activity.agg(sql.min("event_date"), *lasts).collect()[0]
    last = min(found for found in last_dates if found is not None)
    earliest = first + timedelta(days=FEATURE_WINDOW_DAYS - 1)
    return [
        snapshot
        for snapshot in (last - timedelta(days=LABEL_WINDOW_DAYS), last)
        if snapshot >= earliest
    ]


def in_window(records: DataFrame, snapshot: date) -> DataFrame:
    """Rows of the feature window of the snapshot."""
    first = snapshot - timedelta(days=FEATURE_WINDOW_DAYS - 1)
    return records.where(sql.col("event_date").between(sql.lit(first), sql.lit(snapshot)))


def find_users(activity: DataFrame, snapshot: date) -> DataFrame:
    """Users of the feature window without the anonymous one and without bots."""
    users = (
        in_window(activity, snapshot)
        .where(sql.col("user_id") != 0)
        .groupBy("user_id")
        .agg(sql.sum("records").alias("records"))
        .persist()
    )
    count, threshold = users.agg(
        sql.count("*"), sql.percentile("records", sql.lit(BOT_PERCENTILE))
    ).collect()[0]
    if count >= BOT_RULE_MIN_USERS:
        users = users.where(sql.col("records") <= threshold)
    return users.select("user_id")


# --- Cleaning -------------------------------------------------------------------------------------


def clean(plays: DataFrame) -> DataFrame:
    """Drop and fill plays of a snapshot by its limits; each rule looks at what the last one left.

    As in the warehouse: lengths above their cap are dropped, those that are not positive filled
    with the mean; then the same for play times, of which zero is a real skip.
    """
    song, play = sql.col("song_seconds"), sql.col("play_seconds")
    cap = sql.lit(OUTLIER_PERCENTILE)
    (song_cap,) = plays.agg(sql.percentile(sql.when(song >= 0, song), cap)).collect()[0]
    plays = plays.where(song <= song_cap)
    song_mean, play_cap = plays.agg(
        sql.avg(sql.when(song > 0, song)), sql.percentile(sql.when(play >= 0, play), cap)
    ).collect()[0]
    plays = plays.where(play.isNull() | (play <= play_cap))
    (play_mean,) = plays.agg(sql.avg(sql.when(play >= 0, play))).collect()[0]
    return (
        plays.withColumn("song_seconds", sql.when(song > 0, song).otherwise(song_mean))
        .withColumn("play_seconds", sql.when(play >= 0, play).otherwise(play_mean))
        .withColumn("completion", sql.col("play_seconds") / sql.col("song_seconds"))
        .withColumn("band", completion_band(sql.col("completion")))
    )


def completion_band(completion: Column) -> Column:
    """Return the band 1 ... 5 of a completion; it is also the play's score."""
    band = sql.lit(1)
    for place, border in enumerate(BAND_BORDERS):
        band = sql.when(completion >= border, place + 2).otherwise(band)
    return band


# --- Sums that all families read ------------------------------------------------------------------


def sum_days(cleaned: DataFrame, activity: DataFrame, users: DataFrame) -> DataFrame:
    """What each user of the snapshot did on each day of its window, plays cleaned."""
    whole = sql.least(sql.col("completion"), sql.lit(1.0))
    band = sql.col("band")
    play_days = cleaned.groupBy("user_id", "event_date").agg(
        sql.count("*").alias("plays"),
        *(sql.count_if(band == place).alias(f"plays_band_{place}") for place in range(1, 6)),
        sql.count_if(sql.col("play_seconds") < EARLY_SKIP_SECONDS).alias("early_skips"),
        sql.count_if(sql.col("song_id") == 0).alias("local_file_plays"),
        sql.sum("play_seconds").alias("play_seconds"),
        sql.sum(whole).alias("completion"),
        sql.sum(whole * whole).alias("squared_completion"),
    )
    return (
        activity.join(users, "user_id").join(play_days, ["user_id", "event_date"], "left").fillna(0)
    )


def sum_songs(cleaned: DataFrame, downloads: DataFrame) -> DataFrame:
    """Plays and downloads of each user by song and singer."""
    events = cleaned.select(
        "user_id",
        "song_id",
        "singer",
        sql.lit(1).alias("plays"),
        sql.col("band").alias("score"),
        sql.lit(0).alias("downloads"),
    ).unionAll(
        downloads.select(
            "user_id",
            "song_id",
            "singer",
            sql.lit(0).alias("plays"),
            sql.lit(0).alias("score"),
            sql.lit(1).alias("downloads"),
        )
    )
    return events.groupBy("user_id", "song_id", "singer").agg(
        sql.sum("plays").alias("plays"),
        sql.sum("score").alias("total_score"),
        sql.sum("downloads").alias("downloads"),
    )


# --- Ratings --------------------------------------------------------------------------------------


def rate_songs(user_songs: DataFrame) -> DataFrame:
    """Ratings of the songs of each user: the mean score of the plays, or 5 for a download."""
    return (
        user_songs.where(~sql.col("song_id").isin(0, -1))
        .groupBy("user_id", "song_id")
        .agg(
            sql.sum("plays").alias("plays"),
            sql.sum("downloads").alias("downloads"),
            ratio(sql.sum("total_score"), sql.sum("plays")).alias("play_score"),
            sql.when(sql.sum("downloads") > 0, float(BEST_BAND))
            .otherwise(0.0)
            .alias("download_score"),
        )
        .withColumn("rating", sql.greatest("play_score", "download_score"))
    )


# --- Feature families: from days or songs to a row per user ---------------------------------------


def ratio(numerator: Column, denominator: Column) -> Column:
    """Return the quotient; 0 where the denominator is 0 or missing."""
    return sql.coalesce(sql.try_divide(numerator, denominator), sql.lit(0.0))


def spread(count: Column, total: Column, total_of_squares: Column) -> Column:
    """Population standard deviation; 0 without values."""
    mean = sql.try_divide(total, count)
    variance = sql.try_divide(total_of_squares, count) - mean * mean
    return sql.coalesce(sql.sqrt(sql.greatest(variance, sql.lit(0.0))), sql.lit(0.0))


def in_last(days: int, snapshot: date) -> Column:
    """Whether a date is among the last days of the snapshot."""
    return sql.col("event_date") > sql.lit(snapshot - timedelta(days=days))


def play_completion(days: DataFrame, snapshot: date) -> DataFrame:
    """Family A."""
    shares = ["0_20", "20_40", "40_60", "60_80", "80_plus"]
    completed = sql.col("plays_band_5")
    return days.groupBy("user_id").agg(
        *(
            ratio(sql.sum(f"plays_band_{band}"), sql.sum("plays")).alias(f"play_share_{share}")
            for band, share in enumerate(shares, 1)
        ),
        ratio(sql.sum(sql.when(in_last(7, snapshot), completed)), sql.sum(completed)).alias(
            "completed_plays_7d_over_30d"
        ),
    )


def play_time(days: DataFrame, snapshot: date) -> DataFrame:
    """Family B."""
    seconds = sql.col("play_seconds")
    return days.groupBy("user_id").agg(
        sql.sum(seconds).alias("play_seconds_30d"),
        ratio(sql.sum(sql.when(in_last(7, snapshot), seconds)), sql.sum(seconds)).alias(
            "play_seconds_7d_over_30d"
        ),
        ratio(sql.sum(seconds), sql.sum("plays")).alias("play_seconds_per_play"),
    )


def event_frequency(days: DataFrame, snapshot: date) -> DataFrame:
    """Family C."""
    events = ["plays", "downloads", "searches"]
    counted = days.groupBy("user_id").agg(
        *(
            sql.sum(sql.when(in_last(length, snapshot), sql.col(event)).otherwise(0)).alias(
                f"{event}_{length}d"
            )
            for event in events
            for length in (1, 3, 7, 14, 30)
        )
    )
    return counted.withColumns(
        {
            f"{event}_7d_over_30d": ratio(sql.col(f"{event}_7d"), sql.col(f"{event}_30d"))
            for event in events
        }
    )


def recency(days: DataFrame, snapshot: date) -> DataFrame:
    """Family D."""
    day = sql.col("event_date")
    names = {"play": "plays", "download": "downloads", "search": "searches"}
    return days.groupBy("user_id").agg(
        *(
            sql.datediff(sql.lit(snapshot), sql.max(sql.when(sql.col(count) > 0, day))).alias(
                f"days_since_last_{name}"
            )
            for name, count in names.items()
        ),
        sql.datediff(sql.lit(snapshot), sql.max(day)).alias("days_since_last_event"),
    )


def profile(days: DataFrame) -> DataFrame:
    """Family E."""
    return days.groupBy("user_id").agg(
        (sql.sum("android_records") > sql.sum("iphone_records")).alias("is_android"),
        (sql.sum("paid_records") > 0).alias("is_paying"),
    )


def listening_rhythm(days: DataFrame, snapshot: date) -> DataFrame:
    """Family F."""
    day, plays = sql.col("event_date"), sql.col("plays")
    length = FEATURE_WINDOW_DAYS
    first = snapshot - timedelta(days=length - 1)
    days = days.withColumns(
        {
            "gap": sql.datediff(
                day, sql.lag(day).over(Window.partitionBy("user_id").orderBy("event_date"))
            ),
            "place": sql.datediff(day, sql.lit(first)) + 1,
        }
    )
    gap, place = sql.col("gap"), sql.col("place")
    gaps, total, squares = sql.count(gap), sql.sum(gap), sql.sum(gap * gap)
    current = sql.datediff(sql.lit(snapshot), sql.max(day))
    return days.groupBy("user_id").agg(
        sql.count_if(in_last(7, snapshot)).alias("active_days_7d"),
        sql.count_if(in_last(14, snapshot)).alias("active_days_14d"),
        sql.count("*").alias("active_days_30d"),
        sql.datediff(sql.lit(snapshot), sql.min(day)).alias("days_since_first_event"),
        sql.max(gap).alias("longest_gap_days"),
        sql.avg(gap).alias("mean_gap_days"),
        spread(gaps, total, squares).alias("gap_days_stddev"),
        ratio(current * gaps, total).alias("current_gap_over_mean_gap"),
        # least squares over the days 1 ... 30, days without plays included
        (
            (2 * sql.sum(plays * place) - (length + 1) * sql.sum(plays))
            * 6.0
            / (length * (length * length - 1))
        ).alias("daily_plays_slope"),
        ratio(sql.sum(sql.when(sql.weekday(day) >= 5, plays)), sql.sum(plays)).alias(
            "weekend_play_share"
        ),
        *(
            sql.sum(sql.when(place.between(start, start + 9), plays).otherwise(0)).alias(
                f"plays_days_{start}_{start + 9}"
            )
            for start in (1, 11, 21)
        ),
    )


def taste(days: DataFrame, user_songs: DataFrame, ratings: DataFrame) -> DataFrame:
    """Family G."""
    songs = ratings.groupBy("user_id").agg(
        sql.count_if(sql.col("plays") > 0).alias("distinct_songs"),
        sql.sum("plays").alias("song_plays"),
        sql.count_if(sql.col("rating") >= LIKED_RATING).alias("liked_songs"),
    )
    singers = (
        user_songs.where(sql.col("singer").isNotNull() & (sql.col("plays") > 0))
        .groupBy("user_id", "singer")
        .agg(sql.sum("plays").alias("plays"))
        .withColumn(
            "share", sql.col("plays") / sql.sum("plays").over(Window.partitionBy("user_id"))
        )
        .groupBy("user_id")
        .agg(
            sql.count("*").alias("distinct_singers"),
            sql.max("share").alias("top_singer_share"),
            sql.sum(-sql.col("share") * sql.ln("share")).alias("singer_entropy"),
        )
    )
    habits = days.groupBy("user_id").agg(
        ratio(sql.sum("early_skips"), sql.sum("plays")).alias("early_skip_share"),
        spread(sql.sum("plays"), sql.sum("completion"), sql.sum("squared_completion")).alias(
            "completion_stddev"
        ),
        ratio(sql.sum("local_file_plays"), sql.sum("plays")).alias("local_file_share"),
        ratio(sql.sum("searches"), sql.sum("plays")).alias("searches_per_play"),
        ratio(sql.sum("evening_searches"), sql.sum("searches")).alias("evening_search_share"),
        sql.sum("downloads").alias("all_downloads"),
    )
    heard = sql.col("distinct_songs")
    return (
        habits.join(songs, "user_id", "left")
        .join(singers, "user_id", "left")
        .fillna(0)
        .withColumns(
            {
                "repeat_play_share": ratio(sql.col("song_plays") - heard, sql.col("song_plays")),
                "downloads_per_song": ratio(sql.col("all_downloads"), heard),
            }
        )
        .drop("song_plays", "all_downloads")
    )


def visit_depth(days: DataFrame, snapshot: date) -> DataFrame:
    """Family H."""
    day, plays = sql.col("event_date"), sql.col("plays")
    last_multi = sql.col("last_multi_play_date")
    days = days.withColumn(
        "last_multi_play_date",
        sql.max(sql.when(plays >= 2, day)).over(Window.partitionBy("user_id")),
    )
    single_days, play_days = sql.count_if(plays == 1), sql.count_if(plays >= 1)
    return days.groupBy("user_id").agg(
        sql.max_by(plays, day).alias("plays_last_active_day"),
        single_days.alias("single_play_days_30d"),
        ratio(single_days, play_days).alias("single_play_day_share"),
        sql.coalesce(sql.percentile(sql.when(plays >= 1, plays), sql.lit(0.5)), sql.lit(0.0)).alias(
            "median_plays_per_play_day"
        ),
        sql.datediff(sql.lit(snapshot), sql.max(last_multi)).alias(
            "days_since_last_multi_play_day"
        ),
        sql.count_if(last_multi.isNull() | (day > last_multi)).alias(
            "active_days_since_multi_play_day"
        ),
    )


def side_by_side(users: DataFrame, families: list[DataFrame]) -> DataFrame:
    """All families of the users: one row per user of the snapshot."""
    features = users
    for family in families:
        features = features.join(family, "user_id", "left")
    return features


def families_of_the_report(days: DataFrame, snapshot: date) -> list[DataFrame]:
    """Families A to D, each in one pass over the days."""
    return [
        play_completion(days, snapshot),
        play_time(days, snapshot),
        event_frequency(days, snapshot),
        recency(days, snapshot),
    ]


def families_beyond_the_report(
    days: DataFrame, user_songs: DataFrame, ratings: DataFrame, snapshot: date
) -> list[DataFrame]:
    """Families E to H."""
    return [
        profile(days),
        listening_rhythm(days, snapshot),
        taste(days, user_songs, ratings),
        visit_depth(days, snapshot),
    ]


# --- Families A to D as the study made them ------------------------------------------------------


def one_after_the_other(
    cleaned: DataFrame, downloads: DataFrame, searches: DataFrame, days: DataFrame, snapshot: date
) -> list[DataFrame]:
    """Each feature of the families A to D, or part of its quotient, as a result of its own.

    Records are those of the users in the feature window, plays cleaned. Only the last day with any
    event comes from the days, since the study did not have it.
    """
    events = {"plays": cleaned, "downloads": downloads, "searches": searches}
    windows = {length: in_last(length, snapshot) for length in (1, 3, 7, 14, 30)}
    plays = cleaned.groupBy("user_id")
    shares = ["0_20", "20_40", "40_60", "60_80", "80_plus"]
    completed = cleaned.where(sql.col("band") == BEST_BAND)
    seconds = sql.sum("play_seconds")
    found = [
        plays.agg(
            (sql.count_if(sql.col("band") == band) / sql.count("*")).alias(f"play_share_{share}")
        )
        for band, share in enumerate(shares, 1)
    ]
    found += [
        completed.where(windows[7]).groupBy("user_id").agg(sql.count("*").alias("completed_7d")),
        completed.groupBy("user_id").agg(sql.count("*").alias("completed_30d")),
        cleaned.where(windows[7]).groupBy("user_id").agg(seconds.alias("play_seconds_7d")),
        plays.agg(seconds.alias("play_seconds_30d")),
        plays.agg((seconds / sql.count("*")).alias("play_seconds_per_play")),
    ]
    last_day = sql.datediff(sql.lit(snapshot), sql.max("event_date"))
    for event, records in events.items():
        found += [
            records.where(window).groupBy("user_id").agg(sql.count("*").alias(f"{event}_{days}d"))
            for days, window in windows.items()
        ]
        name = {"plays": "play", "downloads": "download", "searches": "search"}[event]
        found.append(records.groupBy("user_id").agg(last_day.alias(f"days_since_last_{name}")))
    found.append(days.groupBy("user_id").agg(last_day.alias("days_since_last_event")))
    return found


def with_quotients(features: DataFrame) -> DataFrame:
    """Fill what users have not done with 0 and add the quotients, once all results are joined."""
    recencies = [f"days_since_last_{name}" for name in ("play", "download", "search")]
    counts = [name for name in features.columns if name not in ("user_id", *recencies)]
    sums = {
        "completed_plays": "completed",
        "play_seconds": "play_seconds",
        "plays": "plays",
        "downloads": "downloads",
        "searches": "searches",
    }
    return (
        features.fillna(0, counts)
        .withColumns(
            {
                f"{name}_7d_over_30d": ratio(sql.col(f"{part}_7d"), sql.col(f"{part}_30d"))
                for name, part in sums.items()
            }
        )
        .drop("completed_7d", "completed_30d", "play_seconds_7d")
    )


# --- The notebook ---------------------------------------------------------------------------------


def open_session(out: Path) -> SparkSession:
    """Spark on all cores of this machine."""
    cores = os.cpu_count() or 1
    settings = {
        "spark.driver.memory": "10g",
        "spark.sql.shuffle.partitions": str(4 * cores),
        "spark.sql.adaptive.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.local.dir": str(out / "spill"),
        "spark.sql.warehouse.dir": str(out / "tables"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    builder = SparkSession.builder.master("local[*]").appName("music_box")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def main() -> None:
    """Do the work and print what each stage cost."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--logs", type=Path, required=True, help="folder of plain deliveries")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    logs, out = arguments.logs.resolve(), arguments.out.resolve()
    stopwatch = Stopwatch()

    with stopwatch.stage("session"):
        spark = open_session(out)
    with stopwatch.stage("parse"):
        plays = cached(read_plays(spark, logs))
        downloads = cached(read_downloads(spark, logs))
        searches = cached(read_searches(spark, logs))
    with stopwatch.stage("days"):
        activity = user_activity(plays, downloads, searches).persist()
        snapshots = find_snapshots(activity)
    for snapshot in snapshots:
        with stopwatch.stage("users", snapshot):
            users = find_users(activity, snapshot)
        with stopwatch.stage("cleaning", snapshot):
            cleaned = clean(in_window(plays, snapshot).join(users, "user_id"))
        with stopwatch.stage("ratings", snapshot):
            window_downloads = in_window(downloads, snapshot).join(users, "user_id")
            user_songs = sum_songs(cleaned, window_downloads).persist()
            ratings = rate_songs(user_songs).persist()
            ratings.write.parquet(f"{out}/user_song_ratings/snapshot_date={snapshot}")
        with stopwatch.stage(FROM_SUMS, snapshot):
            days = sum_days(cleaned, in_window(activity, snapshot), users).persist()
            families = families_of_the_report(days, snapshot)
            families += families_beyond_the_report(days, user_songs, ratings, snapshot)
            features = side_by_side(users, families)
            features.write.parquet(f"{out}/user_features/snapshot_date={snapshot}")
            days.unpersist()
        with stopwatch.stage(AS_THE_STUDY, snapshot):
            cleaned = cleaned.persist()
            days = sum_days(cleaned, in_window(activity, snapshot), users).persist()
            window_searches = in_window(searches, snapshot).join(users, "user_id")
            families = one_after_the_other(
                cleaned, window_downloads, window_searches, days, snapshot
            )
            reported = with_quotients(side_by_side(users, families))
            families = families_beyond_the_report(days, user_songs, ratings, snapshot)
            features = side_by_side(reported, families)
            features.write.parquet(f"{out}/user_features_as_the_report/snapshot_date={snapshot}")
            for frame in (cleaned, user_songs, ratings, days):
                frame.unpersist()
    result = {
        "spark_version": spark.version,
        "cores": spark.sparkContext.defaultParallelism,
        "snapshots": [str(snapshot) for snapshot in snapshots],
        "peak_gigabytes": peak_gigabytes(),
        "stages": stopwatch.stages,
    }
    spark.stop()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
