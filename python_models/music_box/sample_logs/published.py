"""The published figures that a folder of sample logs is compared with.

They describe 44 days of logs of 59,754 users, after a tenth of all users had been drawn. Those of
kind STUDY are printed in the published analysis; those of kind OTHERS come from other people's
analyses of the same logs. Tolerances say what still counts as alike at that number of users;
``compare`` widens them for smaller samples. A figure that the process does not match is kept with
``is_gated=False``: it is shown, and does not fail the comparison. Those with ``of_cohort=True`` say
when users arrive and leave. Logs of the study's cohort match them; logs of a service cannot, since
daily users there are steady.
"""

from dataclasses import dataclass
from enum import StrEnum

PUBLISHED_USERS = 59_754
LONGEST_PLAY_SECONDS = 11_830
"""Longer play times were dropped in cleaning (1 % of the plays: they are milliseconds)."""

LONGEST_SONG_SECONDS = 1_333
"""Longer songs were dropped in cleaning."""


class Source(StrEnum):
    """Where a figure was published."""

    STUDY = "study"
    OTHERS = "others"


@dataclass(frozen=True)
class Fact:
    """One published figure."""

    name: str
    value: float
    tolerance: float  # absolute
    source: Source = Source.STUDY
    is_gated: bool = True
    of_cohort: bool = False


def _report(name: str, value: float, tolerance: float) -> Fact:
    return Fact(name, value, tolerance)


def _others(name: str, value: float, tolerance: float) -> Fact:
    return Fact(name, value, tolerance, Source.OTHERS)


def _cohort(name: str, value: float, tolerance: float, source: Source = Source.STUDY) -> Fact:
    return Fact(name, value, tolerance, source, of_cohort=True)


def _shown(name: str, value: float, tolerance: float, source: Source = Source.STUDY) -> Fact:
    return Fact(name, value, tolerance, source, is_gated=False)


FACTS = (
    _cohort("churn rate", 0.6208, 0.015),
    _cohort("users active in feature window, share", 0.978, 0.008),
    _report("plays per user, 25 %", 9, 3),
    _report("plays per user, 50 %", 40, 8),
    _report("plays per user, 75 %", 174, 25),
    _report("plays per user, 99.9 %", 5_195, 600),
    _cohort("plays, share of records", 0.885, 0.015),
    _cohort("searches, share of records", 0.063, 0.01),
    _cohort("downloads, share of records", 0.052, 0.01),
    _cohort("plays per user, mean without bots", 11.02e6 / PUBLISHED_USERS, 15),
    _cohort("plays in feature window, share", 0.762, 0.03, Source.OTHERS),
    _cohort("days since last play, 25 %", 2, 1),
    _cohort("days since last play, 50 %", 15, 3),
    _cohort("days since last play, 75 %", 28, 1),
    _cohort("days since last play, mean", 15.0, 1.0),
    _report("plays in 30 days, 25 %", 8, 2),
    _report("plays in 30 days, 50 %", 34, 6),
    _report("plays in 30 days, 75 %", 140, 20),
    _report("plays in 30 days, mean", 142, 15),
    _report("plays in 30 days, standard deviation", 296, 35),
    _shown("plays in 14 days, 75 %", 33, 6),
    _cohort("plays in 14 days, mean", 51.8, 5),
    _cohort("plays in 7 days, 75 %", 9, 5),
    _cohort("plays in 7 days, mean", 23.8, 3),
    _cohort("plays in 3 days, mean", 10.7, 1.5),
    _cohort("plays in 1 day, mean", 3.4, 0.7),
    _cohort("searches in 30 days, mean", 10.6, 1.5),
    _cohort("searches in 30 days, 50 %", 1, 1),
    _cohort("searches in 30 days, 75 %", 10, 2),
    _cohort("searches in 14 days, mean", 2.87, 0.6),
    _cohort("searches in 7 days, mean", 1.18, 0.3),
    _cohort("searches in 3 days, mean", 0.35, 0.2),
    _cohort("downloads in 30 days, mean", 9.1, 1.5),
    _cohort("downloads in 30 days, 75 %", 3, 1),
    _cohort("downloads in 14 days, mean", 2.0, 0.5),
    _cohort("downloads in 7 days, mean", 0.87, 0.3),
    _cohort("plays in 7 over 30 days, mean", 0.100, 0.015),
    _cohort("plays in 7 over 30 days, 75 %", 0.10, 0.05),
    _cohort("churners' share of plays in feature window", 0.265, 0.04, Source.OTHERS),
    _shown("records on day 1 per 1,000 users", 730e3 / 59.754, 2_000, Source.OTHERS),
    _cohort("records on day 2 per 1,000 users", 554e3 / 59.754, 2_500, Source.OTHERS),
    _cohort("records on day 8 per 1,000 users", 335e3 / 59.754, 800, Source.OTHERS),
    _cohort("records on day 12 per 1,000 users", 285e3 / 59.754, 1_700, Source.OTHERS),
    _cohort("records on day 20 per 1,000 users", 244e3 / 59.754, 600, Source.OTHERS),
    _cohort("records on day 34 per 1,000 users", 197e3 / 59.754, 600, Source.OTHERS),
    _cohort("records on day 41 per 1,000 users", 186e3 / 59.754, 700, Source.OTHERS),
    _report("plays below 20 %, mean share", 0.358, 0.03),
    _report("plays of 20 to 40 %, mean share", 0.058, 0.02),
    _report("plays of 40 to 60 %, mean share", 0.063, 0.02),
    _report("plays of 60 to 80 %, mean share", 0.085, 0.025),
    _report("plays above 80 %, mean share", 0.422, 0.03),
    _report("plays below 20 %, standard deviation", 0.290, 0.04),
    _report("plays above 80 %, standard deviation", 0.316, 0.03),
    _shown("seconds played in 30 days, 25 %", 544, 150),
    _report("seconds played in 30 days, 50 %", 3_623, 800),
    _report("seconds played in 30 days, 75 %", 17_113, 3_000),
    _report("seconds played in 30 days, mean", 20_200, 3_000),
    _report("play time, mean seconds", 144, 12),
    _report("play time, standard deviation", 273, 40),
    _report("song length, mean seconds", 241, 12),
    _report("song length, standard deviation", 96, 15),
    _report("song length 0, share of plays", 0.034, 0.005),
    _others("song id 0, share of plays", 0.083, 0.015),
    _others("play time beyond 11,830 s, share", 0.0101, 0.0015),
    _report("user-song pairs per user", 2.54e6 / 56_694, 4),
    _others("plays per user-song pair", 2.95, 0.25),
    _report("users with five songs or more, share", 0.747, 0.045),
    _report("songs of 2,835 users", 53_728, 6_000),
    _others("most played song, share of plays", 87.4e3 / 11.02e6, 0.001),
    _others("second song, share of plays", 55.9e3 / 11.02e6, 0.001),
    _others("third song, share of plays", 41.8e3 / 11.02e6, 0.001),
    _cohort("recency alone, AUC for churn", 0.88, 0.012, Source.OTHERS),
)

# After cleaning, of the snapshot of 2017-04-28. The study prints them with one decimal.
CLEANED_FACTS = (
    _report("cleaned play time, mean seconds", 144.4, 12),
    _report("cleaned play time, standard deviation", 272.8, 40),
    _report("cleaned play time, maximum", 11_830, 500),
    _report("cleaned song length, mean seconds", 240.9, 12),
    _report("cleaned song length, standard deviation", 95.7, 15),
    _report("cleaned song length, maximum", 1_333, 200),
)
