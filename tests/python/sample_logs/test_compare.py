"""The comparison with the published figures."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from music_box.sample_logs.compare import as_table, compare, main
from music_box.sample_logs.published import FACTS


def test_usual_logs_agree_with_the_published_figures(larger_logs: Path) -> None:
    comparisons = compare(larger_logs)
    assert [one.fact for one in comparisons] == list(FACTS)
    outside = [one for one in comparisons if one.fact.is_gated and not one.is_within]
    assert not outside, as_table(outside)


def test_logs_without_churn_fail(
    larger_logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = tmp_path / "logs"
    shutil.copytree(larger_logs, spoilt)
    for before in range(14):  # the label window repeats the busiest days
        day = date(2017, 5, 12) - timedelta(days=before)
        for part in (1, 2, 3):
            source = spoilt / f"20170331_{part}_search.log"
            for path in spoilt.glob(f"{day:%Y%m%d}_{part}_search.log*"):
                path.unlink()
            shutil.copyfile(source, spoilt / f"{day:%Y%m%d}_{part}_search.log")
    assert main(["--logs", str(spoilt)]) == 1
    assert "| churn rate (report) | 0.6208 |" in capsys.readouterr().out


def test_folder_without_logs_ends_with_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--logs", str(tmp_path)]) == 2
    assert "no folder of log deliveries" in capsys.readouterr().err
