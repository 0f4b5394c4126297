"""The docs site: one file, complete, usable from the disk, silent on the network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, Warehouse, run_dbt
from playwright.sync_api import Browser, Page


@dataclass(frozen=True)
class Site:
    """A generated docs page and the manifest that it shows."""

    page: Path
    manifest: dict[str, Any]

    def url(self, place: str = "") -> str:
        return self.page.as_uri() + place


@pytest.fixture(scope="module")
def site(
    generated_warehouse: tuple[Path, Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Site:
    """What `make docs` leaves, with an empty report page where `make report` leaves its own."""
    logs, warehouse = generated_warehouse
    folder = tmp_path_factory.mktemp("documented")
    shutil.copy(warehouse.folder / "music_box.duckdb", folder)
    generated = run_dbt(logs, folder, "docs", "generate", "--static")
    assert generated.return_code == 0, generated.output
    (folder / "docs").mkdir()
    page = (folder / "target" / "static_index.html").rename(folder / "docs" / "index.html")
    (folder / "report").mkdir()
    (folder / "report" / "index.html").write_text("<title>the report page</title>", "utf-8")
    manifest = json.loads((folder / "target" / "manifest.json").read_text("utf-8"))
    for rest in ("target", "logs"):
        shutil.rmtree(folder / rest)
    return Site(page, manifest)


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def test_the_page_holds_every_public_model_and_exposure(site: Site) -> None:
    content = site.page.read_text("utf-8")
    models = [node for node in site.manifest["nodes"].values() if node.get("access") == "public"]
    assert len(models) >= 44
    assert [node["name"] for node in models if f'"{node["unique_id"]}"' not in content] == []
    for exposure in site.manifest["exposures"].values():
        assert f'"{exposure["unique_id"]}"' in content
        assert exposure["url"] is None or json.dumps(exposure["url"]) in content


def test_the_first_page_says_where_to_start(site: Site, tab: Page) -> None:
    tab.goto(site.url())
    tab.get_by_role("heading", name="Start here").wait_for()
    tab.get_by_role("link", name="churn_risk_users").first.click()
    tab.get_by_role("heading", name="churn_risk_users").wait_for()
    assert tab.get_by_text("One row per user of the scoring snapshot").first.is_visible()


def test_the_first_page_leads_to_the_report(site: Site, tab: Page) -> None:
    tab.goto(site.url())
    tab.get_by_role("link", name="report page", exact=True).click()
    tab.wait_for_url("**/report/index.html")
    assert tab.title() == "the report page"


def test_every_exposure_leads_to_its_place_in_the_report(site: Site, tab: Page) -> None:
    exposures = [node for node in site.manifest["exposures"].values() if node["url"]]
    assert len(exposures) >= 8
    for exposure in exposures:
        tab.goto(site.url(f"#!/exposure/{exposure['unique_id']}"))
        tab.get_by_role("heading", name=exposure["label"]).wait_for()
        link = tab.get_by_role("link", name="View this exposure")
        with tab.expect_popup() as opened:
            link.click()
        opened.value.wait_for_load_state()
        assert opened.value.title() == "the report page"
        report = site.page.parents[1] / "report" / "index.html"
        assert opened.value.url == report.as_uri() + exposure["url"].partition("index.html")[2]
        opened.value.close()


def test_a_model_shows_its_columns_with_types_and_descriptions(site: Site, tab: Page) -> None:
    model = site.manifest["nodes"]["model.music_box.user_daily_activity"]
    tab.goto(site.url(f"#!/model/{model['unique_id']}"))
    tab.get_by_role("heading", name="user_daily_activity").wait_for()
    shown = tab.locator("body").inner_text()
    for column in model["columns"].values():
        assert column["name"] in shown
    assert "DOUBLE" in shown and "Plays (count)." in shown


def test_nothing_is_asked_of_the_network(site: Site, tab: Page) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(site.url())
    tab.get_by_role("heading", name="Start here").wait_for()
    tab.goto(site.url("#!/model/model.music_box.churn_risk_users"))
    tab.get_by_role("heading", name="churn_risk_users").wait_for()
    tab.locator("[title='View Lineage Graph']").click()
    tab.wait_for_timeout(1000)
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.parametrize("is_built", [True, False])
def test_make_docs_builds_only_if_nothing_is_built(tmp_path: Path, is_built: bool) -> None:
    if is_built:
        (tmp_path / "published").mkdir()
        (tmp_path / "published" / "music_box.duckdb").touch()
    # make hands its own flags down to a make in a test
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    told = subprocess.run(
        ["make", "--dry-run", "docs"],
        cwd=PROJECT,
        env=environment | {"MUSIC_BOX_WAREHOUSE": str(tmp_path)},
        text=True,
        capture_output=True,
        check=True,
    ).stdout
    assert "dbt.cli.main docs generate --static" in told
    assert ("dbt.cli.main build" in told) == (not is_built)
