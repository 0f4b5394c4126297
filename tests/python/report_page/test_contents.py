"""What the page says, and what it does where there is nothing to say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT
from music_box.report_page import overview, words
from music_box.report_page.page import write_page
from music_box.report_page.published import PublishedCopy, ReportError
from playwright.sync_api import Browser

from report_page.browsing import DESKTOP, Report, visit


def text_of(page: Path) -> str:
    """The page without the chart library, tags and spaces."""
    html = re.sub(r"<(script|style).*?</\1>", " ", page.read_text("utf-8"), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_facts_are_those_of_the_tables(report: Report) -> None:
    facts = {fact.label: fact for fact in overview.facts(PublishedCopy(report.database))}
    rate, users = report.rows(
        "select churn_rate, users from reports.snapshots where role = 'training'"
    )[0]
    assert facts["Churn rate"].value == f"{100 * rate:.1f} %"
    assert f"{users:,} users, silent for 14 days" in facts["Churn rate"].detail
    to_contact, value = report.rows(
        "select count(*), sum(expected_value) from churn.churn_risk_users where is_to_contact"
    )[0]
    at_risk = report.rows("select count(*) from churn.churn_risk_users where tier <> 'keep'")[0][0]
    assert facts["Users to contact"].value == f"{to_contact:,}"
    assert facts["Users to contact"].detail.startswith(f"{at_risk:,} of ")
    assert f"expected value of contacting {value:,.0f}" in facts["Users to contact"].detail
    auc = report.rows(
        """
        select value from churn.churn_model_metrics
        where snapshot_date = '2017-04-28' and split = 'test' and metric = 'auc' and model_name = (
            select model_name from churn.churn_models
            where is_champion and snapshot_date = '2017-04-28'
        )
        """
    )[0][0]
    assert facts["AUC of the champion"].value == f"{auc:.3f}"
    active, plays = report.rows(
        """
        select count(*), sum(plays) from reports.user_daily_activity
        where activity_date = '2017-05-12'
        """
    )[0]
    assert facts["Active users"].value == f"{active:,}"
    assert f"{int(plays):,} plays" in facts["Active users"].detail


def test_every_figure_that_was_asked_for_is_there(report: Report) -> None:
    names = set(re.findall(r'<figure id="([a-z-]+)"', report.page.read_text("utf-8")))
    assert names >= {
        "churn-rate", "record-histogram", "roc", "calibration", "importance", "decision-curve",
        "churn-cohorts", "risk-tiers", "recommender-metrics", "overlap", "styles", "clusters",
        "rejected-lines", "cleaning", "delivery-calendar", "missing-deliveries",
    }  # fmt: skip


def test_every_source_is_a_published_table_and_a_link_into_the_docs(report: Report) -> None:
    html = report.page.read_text("utf-8")
    linked = set(re.findall(r'href="\.\./docs/index\.html#!/model/model\.music_box\.(\w+)"', html))
    published = {name for (name,) in report.rows("select table_name from duckdb_tables()")}
    assert linked
    assert linked <= published
    assert "../docs/index.html#!/exposure/exposure.music_box.report_page" in html


def test_every_link_inside_the_page_leads_somewhere(report: Report) -> None:
    html = report.page.read_text("utf-8")
    assert set(re.findall(r'href="#([a-z-]+)"', html)) <= set(re.findall(r' id="([a-z-]+)"', html))


def test_the_same_copy_gives_the_same_page(report: Report, tmp_path: Path) -> None:
    write_page(report.database, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == report.page.read_bytes()


def test_generated_logs_are_called_so_and_others_are_not(
    report: Report, altered: tuple[duckdb.DuckDBPyConnection, Path], tmp_path: Path
) -> None:
    assert "Generated logs." in text_of(report.page)
    connection, database = altered
    connection.execute("update reports.published_snapshot set is_generated = false")
    connection.close()
    write_page(database, tmp_path / "real.html")
    assert "enerated" not in text_of(tmp_path / "real.html")


def test_a_page_without_any_rows_says_why(
    altered: tuple[duckdb.DuckDBPyConnection, Path], tmp_path: Path, browser: Browser
) -> None:
    """As after a build of a few days of logs: no labels, no model, no lists."""
    connection, database = altered
    tables = connection.sql("select schema_name, table_name from duckdb_tables()").fetchall()
    for schema, table in tables:
        if table != "published_snapshot":
            connection.execute(f"delete from {schema}.{table}")
    connection.execute(
        "update reports.published_snapshot set latest_snapshot_date = null, last_log_date = null"
    )
    connection.close()
    page = tmp_path / "empty.html"
    write_page(database, page)

    seen = visit(browser, page, DESKTOP)
    assert seen.complaints == []
    assert seen.page.locator("figure .nothing").count() == seen.page.locator("figure").count()
    assert "no churn model could be fitted" in seen.page.locator("#person").inner_text()
    assert not seen.page.locator("#picker").is_visible()


def test_a_day_without_logs_is_a_gap_not_a_line_across_it(
    altered: tuple[duckdb.DuckDBPyConnection, Path], tmp_path: Path, browser: Browser
) -> None:
    connection, database = altered
    connection.execute(
        "delete from reports.user_daily_activity where activity_date = date '2017-04-20'"
    )
    connection.close()
    write_page(database, tmp_path / "page.html")

    seen = visit(browser, tmp_path / "page.html", DESKTOP)
    line = seen.page.locator("#daily-active-users svg g.mark-line path")
    assert (line.first.get_attribute("d") or "").count("M") == 2


def test_names_of_songs_are_text_whatever_they_are(
    altered: tuple[duckdb.DuckDBPyConnection, Path], tmp_path: Path, browser: Browser
) -> None:
    connection, database = altered
    name = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
    for table, column in (
        ("recommendations.recommendations", "song_name"),
        ("recommendations.recommendations", "reason"),
        ("recommendations.song_styles", "song_name"),
        ("churn.churn_reasons", "reason"),
        ("reports.rpt_deliveries", "remark"),
    ):
        connection.execute(f"update {table} set {column} = ?", [name])
    connection.close()
    page = tmp_path / "hostile.html"
    write_page(database, page)

    seen = visit(browser, page, DESKTOP)
    assert seen.complaints == []
    assert seen.page.title().startswith("Music Box")
    assert name in seen.page.locator("#person ol li").first.inner_text()
    assert name in seen.page.locator("#styles td").last.inner_text()
    assert seen.page.locator("img").count() == 0


def test_values_that_json_has_no_word_for_are_missing(
    altered: tuple[duckdb.DuckDBPyConnection, Path], tmp_path: Path
) -> None:
    connection, database = altered
    connection.execute("update churn.churn_model_metrics set lower_bound = 'nan', value = 'inf'")
    connection.close()
    write_page(database, tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text("utf-8")
    content = json.loads(html.split('id="content">')[1].split("</script>")[0])
    rows = next(item["rows"] for item in content["figures"] if item["name"] == "model-metrics")
    assert {row["value"] for row in rows} == {None}


def test_a_missing_copy_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"there is no .*music_box\.duckdb: `make build`"):
        write_page(tmp_path / "music_box.duckdb", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "music_box.duckdb").write_text("no database, whatever its name says")
    with pytest.raises(ReportError, match="cannot be read"):
        write_page(tmp_path / "music_box.duckdb", tmp_path / "page.html")


def test_a_copy_of_another_version_is_told_and_the_old_page_stays(
    altered: tuple[duckdb.DuckDBPyConnection, Path], tmp_path: Path
) -> None:
    connection, database = altered
    connection.execute("drop table reports.rpt_feature_percentiles")
    connection.close()
    page = tmp_path / "page.html"
    old_page = "<title>Music Box: the old page</title>"
    page.write_text(old_page)
    with pytest.raises(ReportError, match=r"another version.*rpt_feature_percentiles"):
        write_page(database, page)
    assert page.read_text() == old_page


def test_a_file_that_is_no_page_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.html").write_text("my thesis")
    with pytest.raises(ReportError, match="is no report page and would be overwritten"):
        write_page(tmp_path / "music_box.duckdb", tmp_path / "thesis.html")
    assert (tmp_path / "thesis.html").read_text() == "my thesis"


def test_the_command_ends_with_a_message_not_a_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "music_box.report_page"]
    finished = subprocess.run(
        command,
        env={"PYTHONPATH": str(PROJECT / "python_models"), "MUSIC_BOX_WAREHOUSE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert finished.stderr.startswith("report: there is no ")
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (None, "users", "–"),
        (True, "informative", "yes"),
        (1234567, "users", "1,234,567"),
        (0.6181, "churn_rate", "61.8 %"),
        (0.0012345, "p_value", "0.00123"),
        (1234.56, "play_seconds_mean", "1,235"),
        (3.0, "acquisition_cost", "3"),
        ("a; b", "remark", "a; b"),
    ],
)
def test_numbers_are_written_as_people_write_them(value: object, column: str, text: str) -> None:
    assert words.cell(value, column) == text
