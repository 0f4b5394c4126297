"""Compare a generated folder with the published figures.

``python -m music_box.sample_logs.compare --logs DIR`` prints a table and ends with exit code 1 if
a gated figure lies outside its tolerance. Logs that begin before the study's first day are those
of a service: figures of the study's cohort are shown beside theirs, and not gated. The logs are
read from their text with a few lenient rules of its own, independently of the warehouse that they
are made for: what does not split into fields is passed over.
"""

import argparse
import gzip
import io
import math
import re
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from music_box.sample_logs.parameters import (
    CALIBRATED_DAYS,
    COHORT_DATE,
    FEATURE_DAYS,
    LABEL_DAYS,
)
from music_box.sample_logs.published import (
    CLEANED_FACTS,
    FACTS,
    LONGEST_PLAY_SECONDS,
    LONGEST_SONG_SECONDS,
    PUBLISHED_USERS,
    Fact,
)

_DELIVERY = re.compile(r"(\d{8}_\d_(play|down|search)\.log)(\.gz|\.tar\.gz)?")
_BOT_PERCENTILE, _BOT_RULE_USERS = 0.999, 1_000
_SAMPLED_USERS = 2_835


@dataclass(frozen=True)
class Comparison:
    """A published figure beside the generated one."""

    fact: Fact
    generated: float
    tolerance: float
    is_service: bool = False  # the logs are a service's, not the cohort's

    @property
    def is_gated(self) -> bool:
        """Whether the two must be alike."""
        return self.fact.is_gated and not (self.fact.of_cohort and self.is_service)

    @property
    def is_within(self) -> bool:
        """Whether the two are alike."""
        return abs(self.generated - self.fact.value) <= self.tolerance


def content_of(path: Path) -> bytes | None:
    """Text of a delivery, whatever it is packed in; None if it cannot be read to its end."""
    content = path.read_bytes()
    try:
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        if content[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                member = archive.extractfile(archive.getmembers()[0])
                content = member.read() if member else b""
    except (OSError, EOFError, zlib.error, tarfile.TarError):
        return None
    return content


def _deliveries(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and text of each delivery, the newest file first where several claim the name."""
    newest_first = sorted(folder.iterdir(), key=lambda path: (-path.stat().st_mtime, path.name))
    seen = set()
    for path in newest_first:
        match = _DELIVERY.fullmatch(path.name)
        if not match or match[1] in seen:
            continue
        content = content_of(path)
        if content is not None:
            seen.add(match[1])
            yield match[1], content


def _clean(content: bytes) -> bytes:
    """Valid UTF-8 with plain line ends, so that a strict reader takes it."""
    for unwanted, wanted in ((b"\xef\xbb\xbf", b""), (b"\r", b""), (b"\x00", b"")):
        content = content.replace(unwanted, wanted)
    try:
        content.decode()
    except UnicodeDecodeError:
        content = content.decode(errors="replace").encode()
    return content


_LINES = """
    select
        string_split(ltrim(line, chr(9)), chr(9)) as fields,
        strptime(regexp_extract(filename, '([0-9]{{8}})_[0-9]_', 1), '%Y%m%d')::date as day
    from read_csv(
        '{folder}/*_{event}.log',
        columns = {{'line': 'varchar'}}, auto_detect = false, header = false, delim = chr(31),
        quote = '', escape = '', filename = true, strict_mode = false
    )
"""

_TABLES = """
create table records as
select
    try_cast(fields[1] as bigint) as uid, 'P' as event, day,
    try_cast(fields[3] as hugeint) as song_id,
    try_cast(replace(fields[7], 'nan', '') as double) as seconds,
    try_cast(fields[8] as bigint) as length
from ({play}) where len(fields) >= 9
union all
select
    try_cast(fields[1] as bigint), 'D', day, try_cast(fields[3] as hugeint), null, null
from ({down}) where len(fields) >= 6
union all
select try_cast(fields[1] as bigint), 'S', day, null, null, null
from ({search}) where len(fields) >= 4;

create table last_day as select max(day) as day from records;

create table events as
select records.* replace ((records.day - last_day.day + {days} - 1)::integer as day)
from records, last_day
where uid > 0 and records.day > last_day.day - {days};

create table user_plays as
select uid, count(*) filter (event = 'P') as plays from events group by uid;

create table human as
select * from user_plays
where plays <= (select quantile_cont(plays, {percentile}) from user_plays)
    or (select count(*) from user_plays) < {bot_rule_users};

create table human_events as select * from events where uid in (select uid from human);

create table features as
select
    uid,
    {last} - max(day) filter (event = 'P' and day <= {last}) as last_play,
    {last} - max(day) filter (day <= {last}) as last_event,
    count(*) filter (event = 'P' and day between {first} and {last}) as plays_30,
    count(*) filter (event = 'P' and day between {last} - 13 and {last}) as plays_14,
    count(*) filter (event = 'P' and day between {last} - 6 and {last}) as plays_7,
    count(*) filter (event = 'P' and day between {last} - 2 and {last}) as plays_3,
    count(*) filter (event = 'P' and day = {last}) as plays_1,
    count(*) filter (event = 'S' and day between {first} and {last}) as searches_30,
    count(*) filter (event = 'S' and day between {last} - 13 and {last}) as searches_14,
    count(*) filter (event = 'S' and day between {last} - 6 and {last}) as searches_7,
    count(*) filter (event = 'S' and day between {last} - 2 and {last}) as searches_3,
    count(*) filter (event = 'D' and day between {first} and {last}) as downloads_30,
    count(*) filter (event = 'D' and day between {last} - 13 and {last}) as downloads_14,
    count(*) filter (event = 'D' and day between {last} - 6 and {last}) as downloads_7,
    count(*) filter (day > {last}) = 0 as is_churned
from human_events
group by uid
having count(*) filter (day between {first} and {last}) > 0;

create table clean_plays as
with valid as (
    select
        avg(seconds) filter (seconds between 0 and {longest_play}) as seconds,
        avg(length) filter (length between 1 and {longest_song}) as length
    from human_events where event = 'P'
)
select
    uid, day,
    if(human_events.seconds >= 0, human_events.seconds, valid.seconds) as seconds,
    if(human_events.length > 0, human_events.length, valid.length) as length
from human_events, valid
where event = 'P' and human_events.length <= {longest_song}
    and coalesce(human_events.seconds, 0) <= {longest_play};

create table completion as
with shares as (
    select
        uid, sum(seconds) as seconds,
        avg((seconds / length < .2)::int) as below_20,
        avg((seconds / length >= .2 and seconds / length < .4)::int) as below_40,
        avg((seconds / length >= .4 and seconds / length < .6)::int) as below_60,
        avg((seconds / length >= .6 and seconds / length < .8)::int) as below_80,
        avg((seconds / length >= .8)::int) as above_80
    from clean_plays where day between {first} and {last} group by uid
)
select
    coalesce(seconds, 0) as seconds, coalesce(below_20, 0) as below_20,
    coalesce(below_40, 0) as below_40, coalesce(below_60, 0) as below_60,
    coalesce(below_80, 0) as below_80, coalesce(above_80, 0) as above_80
from features left join shares using (uid);

create table pairs as
select uid, song_id, count(*) as plays
from human_events
where event = 'P' and song_id > 0 and day between {first} and {last}
group by uid, song_id;

create table song_plays as
select song_id, count(*) as plays
from human_events where event = 'P' and song_id > 0 group by song_id;
"""

_IS_SERVICE = f"select count(*) from records where day < date '{COHORT_DATE}'"
_USERS = "(select count(*) from user_plays)"
_PLAYS = "(select count(*) from human_events where event = 'P')"
_RECORDS = "(select count(*) from human_events)"


def _queries(first: int, last: int) -> dict[str, str]:
    """SQL of a single number for every fact, by its name."""
    queries = {
        "churn rate": "select avg(is_churned::int) from features",
        "users active in feature window, share": (
            "select (select count(*) from features) / (select count(*) from human)"
        ),
        "plays per user, mean without bots": f"select {_PLAYS} / {_USERS}",
        "plays in feature window, share": (
            f"select avg((day between {first} and {last})::int) from human_events where event = 'P'"
        ),
        "churners' share of plays in feature window": (
            "select sum(plays_30) filter (is_churned) / sum(plays_30) from features"
        ),
        "plays in 30 days, standard deviation": "select stddev(plays_30) from features",
        "plays in 7 over 30 days, mean": (
            "select avg(plays_7 / greatest(plays_30, 1)) from features"
        ),
        "plays in 7 over 30 days, 75 %": (
            "select quantile_cont(plays_7 / greatest(plays_30, 1), .75) from features"
        ),
        "plays below 20 %, standard deviation": "select stddev(below_20) from completion",
        "plays above 80 %, standard deviation": "select stddev(above_80) from completion",
        "play time, mean seconds": "select avg(seconds) from clean_plays",
        "play time, standard deviation": "select stddev(seconds) from clean_plays",
        "song length, mean seconds": "select avg(length) from clean_plays",
        "song length, standard deviation": "select stddev(length) from clean_plays",
        "song length 0, share of plays": (
            "select avg((length = 0)::int) from human_events where event = 'P'"
        ),
        "song id 0, share of plays": (
            "select avg((song_id = 0)::int) from human_events where event = 'P'"
        ),
        "play time beyond 11,830 s, share": (
            f"select avg((seconds > {LONGEST_PLAY_SECONDS})::int)"
            " from human_events where event = 'P'"
        ),
        "user-song pairs per user": "select count(*) / count(distinct uid) from pairs",
        "plays per user-song pair": "select avg(plays) from pairs",
        "users with five songs or more, share": (
            "select avg((songs >= 5)::int) from (select count(*) as songs from pairs group by uid)"
        ),
        "songs of 2,835 users": (
            "select count(distinct song_id) from pairs where uid in (select uid from"
            f" (select distinct uid from pairs) order by md5(uid::varchar) limit {_SAMPLED_USERS})"
        ),
        "recency alone, AUC for churn": (
            # Mann and Whitney: the mean rank of churners among all, ties in the middle.
            "with ranked as (select is_churned, rank() over (order by last_event)"
            " + (count(*) over (partition by last_event) - 1) / 2 as place from features),"
            " counted as (select count(*) filter (is_churned) as churned,"
            " count(*) filter (not is_churned) as others,"
            " sum(place) filter (is_churned) as places from ranked)"
            " select (places - churned * (churned + 1) / 2) / (churned * others) from counted"
        ),
    }
    quantiles = {"25 %": 0.25, "50 %": 0.5, "75 %": 0.75, "99.9 %": 0.999}
    for label, share in quantiles.items():
        queries[f"plays per user, {label}"] = (
            f"select quantile_cont(plays, {share}) from user_plays"
        )
        queries[f"days since last play, {label}"] = (
            f"select quantile_cont(last_play, {share}) from features"
        )
        queries[f"seconds played in 30 days, {label}"] = (
            f"select quantile_cont(seconds, {share}) from completion"
        )
    queries["days since last play, mean"] = "select avg(last_play) from features"
    queries["seconds played in 30 days, mean"] = "select avg(seconds) from completion"
    for event, letter in (("plays", "P"), ("searches", "S"), ("downloads", "D")):
        queries[f"{event}, share of records"] = (
            f"select avg((event = '{letter}')::int) from human_events"
        )
        for days in (1, 3, 7, 14, 30):
            name = f"{event} in {days} day{'s' if days > 1 else ''}"
            queries[f"{name}, mean"] = f"select avg({event}_{days}) from features"
            for label, share in quantiles.items():
                queries[f"{name}, {label}"] = (
                    f"select quantile_cont({event}_{days}, {share}) from features"
                )
    for day in (1, 2, 8, 12, 20, 34, 41):
        queries[f"records on day {day} per 1,000 users"] = (
            f"select 1000 * (select count(*) from human_events where day = {day}) / {_USERS}"
        )
    for place, name in enumerate(("most played", "second", "third")):
        queries[f"{name} song, share of plays"] = (
            "select (select plays from song_plays order by plays desc, song_id"
            f" limit 1 offset {place}) / {_PLAYS}"
        )
    for label, column in (
        ("below 20 %", "below_20"),
        ("of 20 to 40 %", "below_40"),
        ("of 40 to 60 %", "below_60"),
        ("of 60 to 80 %", "below_80"),
        ("above 80 %", "above_80"),
    ):
        queries[f"plays {label}, mean share"] = f"select avg({column}) from completion"
    return queries


def _single(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    value = connection.execute(query).fetchall()[0][0]
    return math.nan if value is None else float(value)


def compare(folder: Path) -> list[Comparison]:
    """Compute every published figure from a folder of logs.

    Tolerances grow with the inverse root of the number of users, as sampling errors do.
    """
    last = CALIBRATED_DAYS - 1 - LABEL_DAYS
    first = last - FEATURE_DAYS + 1
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in _deliveries(folder):
            (Path(scratch) / name).write_bytes(_clean(content))
        connection = duckdb.connect(str(Path(scratch) / "compare.duckdb"))
        sources = {
            event: _LINES.format(folder=scratch, event=event)
            for event in ("play", "down", "search")
        }
        connection.execute(
            _TABLES.format(
                **sources,
                days=CALIBRATED_DAYS,
                first=first,
                last=last,
                percentile=_BOT_PERCENTILE,
                bot_rule_users=_BOT_RULE_USERS,
                longest_play=LONGEST_PLAY_SECONDS,
                longest_song=LONGEST_SONG_SECONDS,
            )
        )
        users = _single(connection, f"select {_USERS}")
        widening = max(1.0, math.sqrt(PUBLISHED_USERS / users))
        queries = _queries(first, last)
        is_service = _single(connection, _IS_SERVICE) > 0
        comparisons = [
            Comparison(
                fact, _single(connection, queries[fact.name]), fact.tolerance * widening, is_service
            )
            for fact in FACTS
        ]
        connection.close()
    return comparisons


def compare_cleaned(database: Path) -> list[Comparison]:
    """Compare the summary after cleaning, as the warehouse of a folder of logs has it."""
    with duckdb.connect(str(database), read_only=True) as connection:
        row = connection.execute(
            """
            select
                play_seconds_mean, play_seconds_stddev, play_seconds_max,
                song_seconds_mean, song_seconds_stddev, song_seconds_max
            from reports.rpt_cleaning
            inner join reports.snapshots using (snapshot_date)
            where snapshots.role = 'training' and rpt_cleaning.event = 'play'
            order by rpt_cleaning.stage_number desc
            limit 1
            """
        ).fetchall()[0]
    return [
        Comparison(fact, float(value), fact.tolerance)
        for fact, value in zip(CLEANED_FACTS, row, strict=True)
    ]


def as_table(comparisons: list[Comparison]) -> str:
    """The comparison as a Markdown table."""
    rows = ["| fact | published | generated | within tolerance |", "|---|---:|---:|---|"]
    for one in comparisons:
        allowed = "no (of the cohort)" if one.fact.of_cohort else "no (not gated)"
        verdict = "yes" if one.is_within else "NO" if one.is_gated else allowed
        rows.append(
            f"| {one.fact.name} ({one.fact.source}) | {one.fact.value:.4g} "
            f"| {one.generated:.4g} | {verdict} |"
        )
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m music_box.sample_logs.compare",
        description="Compare a folder of sample logs with the published figures.",
    )
    parser.add_argument("--logs", type=Path, required=True, help="folder of logs")
    parser.add_argument(
        "--database",
        type=Path,
        help="working database built from them, for the figures after cleaning",
    )
    options = parser.parse_args(arguments)
    folder = options.logs
    if not folder.is_dir() or not any(_DELIVERY.fullmatch(p.name) for p in folder.iterdir()):
        print(f"compare: {folder} is no folder of log deliveries", file=sys.stderr)
        return 2
    comparisons = compare(folder)
    if options.database is not None:
        comparisons += compare_cleaned(options.database)
    print(as_table(comparisons))
    return int(any(one.is_gated and not one.is_within for one in comparisons))


if __name__ == "__main__":
    sys.exit(main())
