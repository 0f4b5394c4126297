"""Seeds as spreadsheets leave them: read, or refused in a sentence that names file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import PROJECT
from music_box.seeds import SeedError, check_seeds, read_seed

TYPES = {"action": "string", "is_for_free": "boolean", "cost": "double", "since": "date"}
GOOD = "action,is_for_free,cost,since\ntrial,true,0.5,2017-03-30\n"


def read(path: Path, content: bytes) -> list[dict[str, str]]:
    path.write_bytes(content)
    return [dict(row.values) for row in read_seed(path, TYPES)]


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    return tmp_path / "actions.csv"


def test_every_seed_of_the_project_is_good() -> None:
    check_seeds(PROJECT / "seeds")


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode() + b"\r\n",
        GOOD.replace("trial", '"trial"').encode().rstrip(),
    ],
)
def test_marks_and_line_ends_do_not_count(seed: Path, content: bytes) -> None:
    assert read(seed, content) == [
        {"action": "trial", "is_for_free": "true", "cost": "0.5", "since": "2017-03-30"}
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD.replace(",", ";"), "line 1: .* separated by semicolons; save it as CSV with commas"),
        (GOOD.replace(",", "\t"), "line 1: .* separated by tabs"),
        (GOOD.replace("cost", "price"), "must be 'action,is_for_free,cost,since', but found 'act"),
        ("", "line 1: the columns must be"),
        (GOOD + "gift,true,1\n", "line 3: 3 values, but 4 columns"),
        (GOOD.replace("trial", "a, b"), "line 2: 5 values, but 4 columns .* double quotes"),
        (GOOD.replace("trial", "trial "), "line 2, column action: 'trial ' has blanks around it"),
        (GOOD.replace("0.5", "0,5").replace(",true", ",true"), "line 2: 5 values"),
        (GOOD.replace("0.5", "half"), "line 2, column cost: 'half' is not a number"),
        (GOOD.replace("true", "yes"), "column is_for_free: 'yes' is not true or false"),
        (GOOD.replace("2017-03-30", "30.3.17"), "column since: '30.3.17' is not a date such as"),
        (GOOD.replace("trial", '"trial'), "mend the quotes"),
        ('action,is_for_free,cost,since\n"a\nb",true,1,\nc,true,x,\n', "line 4, column cost: 'x'"),
    ],
)
def test_what_dbt_would_take_wrongly_is_refused(seed: Path, content: str, said: str) -> None:
    with pytest.raises(SeedError, match=rf"actions\.csv.*{said}"):
        read(seed, content.encode())


def test_another_encoding_is_refused(seed: Path) -> None:
    with pytest.raises(SeedError, match="no UTF-8 text; save it as 'CSV UTF-8'"):
        read(seed, GOOD.replace("trial", "試用").encode("gbk"))


def test_a_seed_that_is_gone_is_named(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "seeds", tmp_path / "seeds")
    (tmp_path / "seeds" / "risk_tiers.csv").unlink()
    with pytest.raises(SeedError, match=r"risk_tiers\.csv is missing"):
        check_seeds(tmp_path / "seeds")
