"""What a person sees and does: the page in a real browser, on a desk, on a phone and at night."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

from report_page.browsing import DESKTOP, PHONE, Report, Visit, visit

LOOKS = {"desktop": (DESKTOP, "light"), "night": (DESKTOP, "dark"), "phone": (PHONE, "light")}
# sRGB, 0 to 255: a dark page is darker than this, its text lighter
MIDDLE_GREY = 128


@pytest.fixture(scope="module", params=list(LOOKS.values()), ids=list(LOOKS))
def visited(request: pytest.FixtureRequest, report: Report, browser: Browser) -> Iterator[Visit]:
    size, scheme = request.param
    opened = visit(browser, report.page, size, scheme)
    yield opened
    opened.page.context.close()


@pytest.fixture
def page(report: Report, browser: Browser) -> Iterator[Page]:
    opened = visit(browser, report.page, DESKTOP)
    yield opened.page
    opened.page.context.close()


def marks(page: Page, figure: str, kind: str) -> int:
    """Number of drawn marks of one kind in a chart, the legend's not counted."""
    return page.locator(
        f".chart[data-figure='{figure}'] svg g.role-mark.mark-{kind} > *:not([visibility=hidden])"
    ).count()


def menu(page: Page, figure: str, label: str) -> Locator:
    """The menu with this label below a chart."""
    return page.locator(f"#{figure} label", has_text=label).locator("select")


def test_the_browser_has_nothing_to_complain_of(visited: Visit, report: Report) -> None:
    assert visited.complaints == []
    assert visited.requests == [report.page.as_uri()]


def test_every_chart_has_marks(visited: Visit) -> None:
    charts = visited.page.locator(".chart")
    names = [
        charts.nth(place).get_attribute("data-figure") or "" for place in range(charts.count())
    ]
    kinds = ("rect", "line", "symbol", "rule")
    empty = [name for name in names if not any(marks(visited.page, name, kind) for kind in kinds)]
    assert len(names) > 15
    assert empty == []


def test_nothing_is_wider_than_the_screen(visited: Visit) -> None:
    wider = visited.page.evaluate(
        """() => [...document.querySelectorAll("figure, .chart svg, li, .person-part, header")]
            .filter((part) => part.getBoundingClientRect().right > window.innerWidth + 1)
            .map((part) => part.id || part.className)"""
    )
    assert wider == []
    assert visited.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_text_is_large_enough_to_read(visited: Visit) -> None:
    smallest = visited.page.evaluate(
        """() => Math.min(...[...document.querySelectorAll("p, li, td, th, a, dd, .chart text")]
            .filter((part) => part.getClientRects().length)
            .map((part) => parseFloat(getComputedStyle(part).fontSize)))"""
    )
    assert smallest >= 12


def test_whoever_needs_help_to_read_gets_it(visited: Visit) -> None:
    """axe: labels, contrast, order of headings, names of regions, what the keyboard reaches."""
    found = Axe().run(visited.page)
    assert found.violations_count == 0, found.generate_report()


def test_at_night_the_page_is_dark_and_charts_with_it(report: Report, browser: Browser) -> None:
    brightness = """(element, property) => {
        const rgb = getComputedStyle(element)[property].match(/[\\d.]+/g).map(Number);
        return (rgb[0] + rgb[1] + rgb[2]) / 3;
    }"""
    for scheme, is_dark in (("dark", True), ("light", False)):
        page = visit(browser, report.page, DESKTOP, scheme).page
        background = page.eval_on_selector("body", f"e => ({brightness})(e, 'backgroundColor')")
        text = page.eval_on_selector(
            ".chart .role-axis-label text", f"e => ({brightness})(e, 'fill')"
        )
        assert (background < MIDDLE_GREY) == is_dark
        assert (text > MIDDLE_GREY) == is_dark
        page.context.close()


def test_charts_show_as_many_marks_as_there_are_rows(page: Page, report: Report) -> None:
    days = report.rows("select count(distinct activity_date) from reports.user_daily_activity")
    assert marks(page, "daily-active-users", "symbol") == days[0][0]
    bins = report.rows(
        """
        select count(*) from reports.rpt_record_count_histogram
        where snapshot_date = (select max(snapshot_date) from reports.rpt_record_count_histogram)
        """
    )
    assert marks(page, "record-histogram", "rect") == bins[0][0]
    models = report.rows(
        """
        select count(*) from churn.churn_model_metrics
        where split = 'test' and metric = 'auc'
            and snapshot_date = (select max(snapshot_date) from churn.churn_model_metrics)
        """
    )
    assert marks(page, "model-metrics", "symbol") == models[0][0]
    tests = report.rows(
        """
        select count(*) from churn.churn_backtest
        where metric = 'auc'
            and snapshot_date = (select max(snapshot_date) from churn.churn_backtest)
        """
    )
    assert marks(page, "backtest", "symbol") == tests[0][0]


def test_a_menu_changes_what_a_chart_shows(page: Page, report: Report) -> None:
    (earliest,) = report.rows(
        "select cast(min(snapshot_date) as varchar) from reports.rpt_record_count_histogram"
    )[0]
    bins = report.rows(
        "select count(*) from reports.rpt_record_count_histogram"
        f" where snapshot_date = '{earliest}'"
    )
    menu(page, "record-histogram", "Snapshot").select_option(earliest)
    page.wait_for_timeout(200)
    assert marks(page, "record-histogram", "rect") == bins[0][0]

    before = page.locator("#model-metrics .role-axis").all_text_contents()
    menu(page, "model-metrics", "Metric").select_option("brier")
    page.wait_for_timeout(200)
    assert page.locator("#model-metrics .role-axis").all_text_contents() != before


def test_numbers_behind_a_chart_are_a_table(page: Page, report: Report) -> None:
    rates = report.rows("select churn_rate from reports.snapshots where churn_rate is not null")
    details = page.locator("#churn-rate details")
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    details.locator("tbody tr").first.wait_for()  # the page draws it once it is open
    assert details.locator("tbody tr").count() == len(rates)
    shown = " ".join(details.locator("td").all_inner_texts())
    assert all(f"{rate:.3g}" in shown for (rate,) in rates)


def shown_user(page: Page) -> dict[str, Any]:
    """What the picker says of its user."""
    person = page.locator("#person")
    return {
        "risk": person.locator(".risk").inner_text(),
        "reasons": person.locator("ul li").all_inner_texts(),
        "songs": len(person.locator("ol li").all()),
        "features": person.locator("tbody tr").count(),
        "facts": person.locator("dl").inner_text(),
    }


def expected_user(report: Report, rank: int) -> dict[str, Any]:
    """The same from the database."""
    user_id, probability, tier, label, action = report.rows(
        f"""
        select user_id, churn_probability, tier, tier_label, suggested_action
        from churn.churn_risk_users where risk_rank = {rank}
        """
    )[0]
    reasons = report.rows(
        f"select reason from churn.churn_reasons where user_id = {user_id} order by reason_rank"
    )
    songs = report.rows(
        "select count(*) from recommendations.recommendations"
        f" where user_id = {user_id} and context = 'any'"
    )
    features = report.rows("select count(distinct feature) from reports.rpt_feature_percentiles")
    return {
        "risk": f"{probability:.1%}".replace("%", " %") + f" churn probability, rank {rank}",
        "reasons": [reason for (reason,) in reasons],
        "songs": songs[0][0],
        "features": features[0][0],
        "facts": (tier, label, action),
    }


def test_the_picker_shows_the_user_that_is_picked(page: Page, report: Report) -> None:
    options = page.get_by_label("User", exact=True).locator("option")
    scored = report.rows("select count(*) from churn.churn_risk_users")[0][0]
    assert options.count() == min(200, scored)
    for rank in (1, 7, min(200, scored)):
        page.get_by_label("User", exact=True).select_option(index=rank - 1)
        shown, expected = shown_user(page), expected_user(report, rank)
        facts, parts = shown.pop("facts"), expected.pop("facts")
        assert all(part in facts for part in parts)
        assert shown == expected


def test_the_picker_is_used_from_the_keyboard(page: Page) -> None:
    first = shown_user(page)["risk"]
    page.get_by_label("User", exact=True).focus()
    page.keyboard.press("ArrowDown")
    assert shown_user(page)["risk"] != first
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "previous"
    page.keyboard.press("Enter")
    assert shown_user(page)["risk"] == first
    assert page.get_by_role("button", name="Previous").is_disabled()


def test_a_feature_is_placed_among_the_population(page: Page, report: Report) -> None:
    """Half of the users have no more than the median: the mark stands accordingly."""
    label, median = report.rows(
        """
        select label, percentile_value from reports.rpt_feature_percentiles
        where feature = 'active_days_30d' and percentile = 50
        """
    )[0]
    days = report.rows(
        "select active_days_30d, risk_rank from churn.churn_risk_users where risk_rank <= 200"
    )
    value, rank = max(days)
    page.get_by_label("User", exact=True).select_option(index=rank - 1)
    row = page.locator("#person tbody tr", has_text=label).first
    assert row.locator("td").nth(1).inner_text() == str(value)
    assert row.locator("td").nth(2).inner_text() == f"{median:g}"
    mark = row.locator(".strip span")
    place = mark.evaluate("mark => parseFloat(mark.style.left)")
    assert (place > 50) == (value > median)
