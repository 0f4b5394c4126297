"""Folders of sample logs, generated once for all tests."""

from datetime import date
from pathlib import Path

import pytest
from music_box.sample_logs.generate import Request, generate
from music_box.sample_logs.parameters import COHORT_DATE

FIRST_DATE, LAST_DATE = date(2017, 3, 2), date(2017, 5, 12)
USERS = 2_400


def request_for(users: int, **changes: object) -> Request:
    """A request for the usual dates."""
    arguments: dict[str, object] = {
        "users": users,
        "seed": 3,
        "first_date": FIRST_DATE,
        "last_date": LAST_DATE,
        "truth": False,
    }
    # a dict does not keep the type of each argument; Request is checked where it is used
    return Request(**{**arguments, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of a service, of more than one chunk of users."""
    folder = tmp_path_factory.mktemp("logs") / "sample_logs"
    generate(folder, request_for(USERS))
    return folder


@pytest.fixture(scope="session")
def larger_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of a service of the usual number of users, with the same seed."""
    folder = tmp_path_factory.mktemp("larger") / "sample_logs"
    generate(folder, request_for(6_000))
    return folder


@pytest.fixture(scope="session")
def cohort_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of the study's days, with the same seed."""
    folder = tmp_path_factory.mktemp("cohort") / "sample_logs"
    generate(folder, request_for(6_000, first_date=COHORT_DATE))
    return folder
