"""A run as a whole: deterministic, all or nothing, friendly."""

import hashlib
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import PROJECT
from music_box.sample_logs import deliveries, lines
from music_box.sample_logs.__main__ import main
from music_box.sample_logs.calendar import Calendar
from music_box.sample_logs.compare import content_of
from music_box.sample_logs.generate import MARKER, NOTICE, SampleLogsError, generate, truth_folder
from music_box.sample_logs.parameters import COHORT_DATE, USERS_PER_CHUNK, Parameters
from music_box.sample_logs.users import simulate_users

from .conftest import FIRST_DATE, LAST_DATE, USERS, request_for

SHORT = ["--users", "150", "--first-date", "2017-04-10", "--last-date", "2017-05-12"]

COHORT_DIGEST = "89b09596fdfa77f139cbc74a72aee4e82ea2ca086f274cc5a5b48cb577851b44"


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 and time of each file."""
    return {
        path.name: f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime}"
        for path in folder.iterdir()
        if path.name != MARKER
    }


def test_same_arguments_give_the_same_bytes(logs: Path, tmp_path: Path) -> None:
    generate(tmp_path / "again", request_for(USERS))
    assert digests(tmp_path / "again") == digests(logs)


def test_the_cohorts_logs_keep_their_bytes(tmp_path: Path) -> None:
    """They were compared with published figures; who changes them runs `make compare` again."""
    folder = tmp_path / "logs"
    generate(folder, request_for(500, seed=1, first_date=COHORT_DATE))
    content = hashlib.sha256()
    for path in sorted(folder.glob("2017*")):
        content.update(path.name.encode() + path.read_bytes())
    assert content.hexdigest() == COHORT_DIGEST


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        assert main([*SHORT, "--seed", seed, "--out", str(tmp_path / seed)]) == 0
    assert digests(tmp_path / "1") != digests(tmp_path / "2")


def test_users_of_a_chunk_do_not_depend_on_how_many_follow(logs: Path, larger_logs: Path) -> None:
    rng = np.random.default_rng([3, 0])
    calendar = Calendar(FIRST_DATE, LAST_DATE)
    population = simulate_users(USERS_PER_CHUNK, calendar, Parameters().users, rng)
    uids = set(lines.uid_texts(0, population.part, rng))
    name = "20170420_1_play.log"

    def of_chunk(folder: Path) -> list[bytes]:
        rows = (folder / name).read_bytes().split(b"\n")
        return [row for row in rows if row.split(b"\t")[0] in uids]

    assert len(of_chunk(logs)) > 500
    assert of_chunk(logs) == of_chunk(larger_logs)


def test_users_counts_the_uids_that_occur(logs: Path) -> None:
    uids = set()
    calendar = Calendar(FIRST_DATE, LAST_DATE)
    population_uids = set()
    for chunk, first in enumerate(range(0, USERS - 1, USERS_PER_CHUNK)):
        rng = np.random.default_rng([3, chunk])
        size = min(USERS_PER_CHUNK, USERS - 1 - first)
        population = simulate_users(size, calendar, Parameters().users, rng)
        population_uids |= set(lines.uid_texts(first, population.part, rng))
    for path in logs.glob("2017*"):
        content = content_of(path) or b""
        for row in content.replace(b"\xef\xbb\xbf", b"").split(b"\n"):
            uids.add(row.lstrip(b"\t").split(b"\t")[0])
    assert len(population_uids) == USERS - 1
    assert len(population_uids - uids) < 0.01 * USERS  # the others are in files that were spoilt
    assert all(uid.isdigit() and int(uid) < 2**63 for uid in population_uids)


def test_running_again_does_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "logs"
    assert main([*SHORT, "--out", str(out)]) == 0
    before = digests(out)
    assert main([*SHORT, "--out", str(out)]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert digests(out) == before


def test_a_notice_says_that_the_logs_are_made_up(tmp_path: Path) -> None:
    """Under the name by which the warehouse knows generated logs."""
    main([*SHORT, "--seed", "5", "--out", str(tmp_path / "logs")])
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text("utf-8"))
    notice = (tmp_path / "logs" / project["vars"]["generated_logs_marker"]).read_text()
    assert "made up" in notice
    assert "music_box.sample_logs" in notice
    assert "150 users" in notice
    assert "from 2017-04-10 to 2017-05-12" in notice
    assert "seed 5" in notice


def test_logs_of_a_version_that_wrote_no_notice_are_made_again(tmp_path: Path) -> None:
    out = tmp_path / "logs"
    main([*SHORT, "--out", str(out)])
    (out / NOTICE).unlink()
    marker = json.loads((out / MARKER).read_text())
    del marker["files"][NOTICE]
    (out / MARKER).write_text(json.dumps(marker))
    main([*SHORT, "--out", str(out)])
    assert (out / NOTICE).exists()


def test_own_folder_is_replaced_when_arguments_or_files_change(tmp_path: Path) -> None:
    out = tmp_path / "logs"
    main([*SHORT, "--out", str(out)])
    complete = digests(out)
    next(out.glob("*_play.log")).unlink()
    main([*SHORT, "--out", str(out)])
    assert digests(out) == complete
    main([*SHORT, "--seed", "9", "--out", str(out)])
    assert digests(out) != complete


def test_foreign_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    assert main([*SHORT, "--out", str(tmp_path)]) == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_interrupted_run_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deliveries, "finish", interrupt)
    with pytest.raises(KeyboardInterrupt):
        main([*SHORT, "--out", str(tmp_path / "logs")])
    assert not (tmp_path / "logs").exists()
    monkeypatch.undo()
    assert main([*SHORT, "--out", str(tmp_path / "logs")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--users", "99"], "--users"),
        (["--users", "600001"], "--users"),
        (["--seed", "-1"], "--seed"),
        (["--first-date", "2017-05-13"], "--first-date"),
        (["--first-date", "2017-05-01", "--truth"], "--truth"),
    ],
)
def test_senseless_arguments_end_with_a_message(
    changes: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SHORT, *changes, "--out", str(tmp_path / "logs")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


@pytest.mark.parametrize("changes", [["--users", "many"], ["--last-date", "12.05.2017"]])
def test_unreadable_arguments_end_with_code_2(changes: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*SHORT, *changes, "--out", str(tmp_path / "logs")])
    assert ended.value.code == 2


def test_request_of_one_day_works(tmp_path: Path) -> None:
    day = date(2017, 4, 10)
    generate(tmp_path / "logs", request_for(100, first_date=day, last_date=day))
    assert {path.name[:8] for path in (tmp_path / "logs").glob("2017*")} == {"20170410"}


def test_truth_lies_beside_the_logs(tmp_path: Path) -> None:
    out = tmp_path / "logs"
    assert main([*SHORT, "--truth", "--out", str(out)]) == 0
    rows = (truth_folder(out) / "silence.csv").read_text().splitlines()
    assert rows[0] == "uid,snapshot_date,p_silent_latent,p_silent_given_logs,is_silent"
    assert len(rows) > 75
    assert not list(out.glob("*truth*"))


def test_error_class_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SampleLogsError, match="is a file"):
        generate(tmp_path / "file", request_for(100))
