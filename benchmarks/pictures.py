"""The pictures in the README, of the report page and the docs site of this build.

Run by ``make pictures``; needs Chromium, and fonts for the songs' names (Debian: fonts-noto-cjk).
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

PICTURES = Path("docs/images")
WAREHOUSE = Path(os.environ.get("MUSIC_BOX_WAREHOUSE") or "warehouse").resolve()


def take_pictures(browser: Browser) -> None:
    """Write one PNG for each picture of the README."""
    report = (WAREHOUSE / "report" / "index.html").as_uri()
    drawn = "html[data-charts=drawn]"

    page = browser.new_page(viewport={"width": 1280, "height": 1080})
    page.goto(report)
    page.wait_for_selector(drawn, state="attached")
    page.screenshot(path=PICTURES / "report_page.png")

    night = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    night.goto(report)
    night.wait_for_selector(drawn, state="attached")
    night.locator("#people").screenshot(path=PICTURES / "report_page_person.png")


def main() -> int:
    """Run the command; returns the exit code."""
    executable = shutil.which("chromium")
    if executable is None:
        print("pictures are taken with Chromium: apt-get install chromium", file=sys.stderr)
        return 2
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        take_pictures(browser)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
