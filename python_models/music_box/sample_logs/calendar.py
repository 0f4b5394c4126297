"""The days of the logs, and which play files were never delivered."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from music_box.sample_logs.parameters import CALIBRATED_DAYS, FEATURE_DAYS, LABEL_DAYS

PARTS = (1, 2, 3)
MISSING_PLAY_FILES = (
    (date(2017, 3, 30), 1),
    (date(2017, 3, 30), 2),
    (date(2017, 4, 3), 1),
    (date(2017, 4, 11), 2),
    (date(2017, 4, 14), 3),
    (date(2017, 4, 24), 1),
)
"""Day and part of the play files that are missing from the published logs."""


@dataclass(frozen=True)
class Calendar:
    """The days from ``first`` to ``last``; days are numbered from 0.

    The last 44 days are the calibrated ones. Days before ``start`` are history: they exist so
    that earlier snapshots can be built, and never change what happens from ``start`` on.
    """

    first: date
    last: date

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> int:
        """Number of the first calibrated day, which is also the number of history days."""
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

    def is_play_file_missing(self) -> NDArray[np.bool_]:
        """Whether the play file of a part and day is missing, shape (parts, days).

        The last 14 days are always complete, since labels are read from them.
        """
        missing = np.zeros((len(PARTS), self.days), dtype=bool)
        for day_missing, part in MISSING_PLAY_FILES:
            day = (day_missing - self.first).days
            if 0 <= day < self.days - LABEL_DAYS:
                missing[part - 1, day] = True
        return missing
