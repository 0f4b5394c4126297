"""The comparison with the published figures."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from music_box.sample_logs.compare import as_table, compare, main
from music_box.sample_logs.published import FACTS


def test_the_cohorts_logs_agree_with_the_published_figures(cohort_logs: Path) -> None:
    comparisons = compare(cohort_logs)
    assert [one.fact for one in comparisons] == list(FACTS)
    assert [one.is_gated for one in comparisons] == [fact.is_gated for fact in FACTS]
    outside = [one for one in comparisons if one.is_gated and not one.is_within]
    assert not outside, as_table(outside)


def test_a_services_logs_agree_but_for_figures_of_the_cohort(larger_logs: Path) -> None:
    comparisons = compare(larger_logs)
    outside = [one for one in comparisons if one.is_gated and not one.is_within]
    assert not outside, as_table(outside)
    churn_rate = next(one for one in comparisons if one.fact.name == "churn rate")
    assert not churn_rate.is_gated
    assert "| no (of the cohort) |" in as_table([churn_rate])


def test_logs_without_churn_fail(
    cohort_logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = tmp_path / "logs"
    shutil.copytree(cohort_logs, spoilt)
    for before in range(14):  # the label window repeats the busiest days
        day = date(2017, 5, 12) - timedelta(days=before)
        for part in (1, 2, 3):
            source = spoilt / f"20170331_{part}_search.log"
            for path in spoilt.glob(f"{day:%Y%m%d}_{part}_search.log*"):
                path.unlink()
            shutil.copyfile(source, spoilt / f"{day:%Y%m%d}_{part}_search.log")
    assert main(["--logs", str(spoilt)]) == 1
    assert "| churn rate (study) | 0.6208 |" in capsys.readouterr().out


def test_folder_without_logs_ends_with_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--logs", str(tmp_path)]) == 2
    assert "no folder of log deliveries" in capsys.readouterr().err
