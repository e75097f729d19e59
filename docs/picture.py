"""The picture of the page in the README, made from the sample: ``make picture``."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from bulk_import.app.server import Page
from bulk_import.settings import Settings

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "app.png"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


async def main() -> None:
    """Judge the sample in the page, look at a refused cell, and keep what it looks like."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "contacts"
        home.mkdir()
        shutil.copy(ROOT / "sample_data" / "contacts.xlsx", home)
        settings = Settings.from_env(environ={"XDG_STATE_HOME": folder}, dotenv=None)
        served = Page(home, settings)
        link = await served.start()
        try:
            await _shoot(link)
        finally:
            await served.stop()


async def _shoot(link: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1280, "height": 720}, locale="en-US")
        await page.goto(link)
        await page.get_by_role("button", name="Use the sandbox").click()
        await page.locator(".state.sandbox").wait_for()
        await page.get_by_role("button", name="contacts.xlsx").click()
        await page.wait_for_url("**/match")
        await page.goto(page.url.replace("/match", "/review"))
        await page.locator("#only-problems").check()
        await page.locator("#grid [role=gridcell]", has_text="two@example.com").click()
        await page.locator("#cell h2").wait_for()
        await page.screenshot(path=PICTURE)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
