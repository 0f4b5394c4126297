"""The days of the logs, and which files were never delivered."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from music_box.sample_logs.parameters import (
    CALIBRATED_DAYS,
    COHORT_DATE,
    FEATURE_DAYS,
    LABEL_DAYS,
)

PARTS = (1, 2, 3)
PLAY, DOWNLOAD, SEARCH = "play", "down", "search"
EVENTS = (PLAY, DOWNLOAD, SEARCH)
MISSING_FILES = (
    (date(2017, 3, 30), 1),
    (date(2017, 3, 30), 2),
    (date(2017, 4, 3), 1),
    (date(2017, 4, 11), 2),
    (date(2017, 4, 14), 3),
    (date(2017, 4, 24), 1),
)
"""Day and part of the play files that are missing from the published logs.

A service's logs lack the download files of these days and parts: without the plays of a part, the
daily users would fall by a fifth for a day.
"""


@dataclass(frozen=True)
class Calendar:
    """The days from ``first`` to ``last``; days are numbered from 0.

    Logs that begin on ``COHORT_DATE`` or later are those of the study's cohort: all users arrive
    on the first days. Earlier ones are those of a service: users arrive every day.
    """

    first: date
    last: date

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    @property
    def is_service(self) -> bool:
        """Whether users arrive every day, not only on the first days."""
        return self.first < COHORT_DATE

    @property
    def start(self) -> int:
        """Number of the first of the last 44 days; earlier ones are history.

        What destroys records happens in history alone, and songs are released from here on.
        """
        return max(0, self.days - CALIBRATED_DAYS)

    @property
    def snapshot(self) -> int:
        """Number of the last day whose whole label window lies within the logs."""
        return self.days - 1 - LABEL_DAYS

    @property
    def feature_start(self) -> int:
        """Number of the first day of that snapshot's feature window."""
        return max(0, self.snapshot - FEATURE_DAYS + 1)

    def date_of(self, day: int) -> date:
        """Date of a numbered day."""
        return self.first + timedelta(days=day)

    def is_weekend(self) -> NDArray[np.bool_]:
        """Whether each day is a Saturday or Sunday, shape (days,)."""
        return np.array([self.date_of(day).weekday() >= 5 for day in range(self.days)])

    def is_missing(self, event: str) -> NDArray[np.bool_]:
        """Whether an event's file of a part and day is missing, shape (parts, days).

        The last 14 days are always complete, since labels are read from them.
        """
        missing = np.zeros((len(PARTS), self.days), dtype=bool)
        if event != (DOWNLOAD if self.is_service else PLAY):
            return missing
        for day_missing, part in MISSING_FILES:
            day = (day_missing - self.first).days
            if 0 <= day < self.days - LABEL_DAYS:
                missing[part - 1, day] = True
        return missing

    def is_whole(self) -> NDArray[np.bool_]:
        """Whether no file of a day is missing, shape (days,)."""
        missing = np.any([self.is_missing(event) for event in EVENTS], axis=(0, 1))
        return np.asarray(~missing)
