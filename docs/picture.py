"""The pictures of the documentation, made from the sample: ``make picture``.

``app.png`` shows the page in the browser, ``tutorial-*.png`` what somebody sees who does the tutorial.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from bulk_import import import_file_async
from bulk_import.app.server import Page
from bulk_import.sandbox.app import Sandbox
from bulk_import.settings import Settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
VIEW = {"width": 1280, "height": 720}
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


async def main() -> None:
    """Make all pictures."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            await picture_of_page(browser)
            await pictures_of_tutorial(browser)
        finally:
            await browser.close()


async def picture_of_page(browser: Browser) -> None:
    """Judge the sample in the page, look at a refused cell, and keep what it looks like."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "contacts"
        home.mkdir()
        shutil.copy(ROOT / "sample_data" / "contacts.xlsx", home)
        settings = Settings.from_env(environ={"XDG_STATE_HOME": folder}, dotenv=None)
        served = Page(home, settings)
        link = await served.start()
        try:
            await _shoot(browser, link)
        finally:
            await served.stop()


async def _shoot(browser: Browser, link: str) -> None:
    page = await browser.new_page(viewport=VIEW, locale="en-US")
    await page.goto(link)
    await page.get_by_role("button", name="Use the sandbox").click()
    await page.locator(".state.sandbox").wait_for()
    await page.get_by_role("button", name="contacts.xlsx").click()
    await page.wait_for_url("**/match")
    await page.goto(page.url.replace("/match", "/review"))
    await page.locator("#only-problems").check()
    await page.locator("#grid [role=gridcell]", has_text="two@example.com").click()
    await page.locator("#cell h2").wait_for()
    await page.screenshot(path=DOCS / "app.png")
    await page.close()


async def pictures_of_tutorial(browser: Browser) -> None:
    """Import the sample into a stand-in; keep its page, and the report."""
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox() as sandbox:
            run_dir = Path(folder) / "runs" / "tutorial"
            settings = Settings(endpoint=sandbox.url, api_key=sandbox.key, rate=0, run_dir=run_dir)
            source = str(Path("sample_data") / "contacts.xlsx")  # as the report is to name it
            await import_file_async(source, DOCS.parent / "mappings" / "contacts.yml", settings)
            for name, address in (
                ("sandbox", sandbox.url), ("report", (run_dir / "report.html").as_uri())
            ):  # fmt: skip
                page = await browser.new_page(viewport=VIEW, locale="en-US", timezone_id="UTC")
                await page.goto(address)
                await page.screenshot(path=DOCS / f"tutorial-{name}.png")
                await page.close()


if __name__ == "__main__":
    asyncio.run(main())
