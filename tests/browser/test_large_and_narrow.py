"""A million rows, and a screen of 390 px."""

from __future__ import annotations

import logging
import os
import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Running, broken_words, overflows, until
from tests.browser.test_whole_way import confirm, dropped, reviewed, use_sandbox

SAMPLE = Path("sample_data/contacts.xlsx").absolute()
ROWS = int(os.environ.get("GRID_ROWS", "1000000"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_million_rows_come_at_once_and_scroll_without_blank_frames(running: Running):
    source = running.home / "many.csv"
    with source.open("w", encoding="utf-8") as file:
        file.write("E-mail,Name,Country\n")
        for number in range(ROWS):
            bad = number % 1000 == 7
            file.write(f"{'nobody' if bad else f'p{number}@example.com'},Person {number},Germany\n")
    page = running.open()
    page.reload()
    page.get_by_role("button", name="many.csv").click()
    page.wait_for_url("**/match")
    base = page.url.removesuffix("/match")
    page.goto(f"{base}/review")
    page.goto(
        "about:blank"
    )  # it would load its rows by itself, perhaps at the moment of the next goto
    page.context.set_default_timeout(420_000)
    done = f"{base}/judging"
    until(lambda: page.request.get(done).json()["done"], "the rows are judged", seconds=480)
    began = time.monotonic()
    page.goto(f"{base}/review")
    page.locator("#grid [role=gridcell]", has_text="p0@example.com").wait_for()
    first_ms = 1000 * (time.monotonic() - began)
    logging.getLogger(__name__).info("first rows of %d after %.0f ms", ROWS, first_ms)
    assert page.locator("#grid").get_attribute("aria-rowcount") == str(ROWS + 1)
    # Not timed: it is what is asked for and drawn that does not grow with the file.
    windows = [url for url in running.asked if "/rows?" in url]
    assert len(windows) <= 2
    assert page.locator("#grid .line").count() < 60
    # Scrolled by the wheel, every frame has rows from edge to edge.
    frames = page.evaluate(
        """async () => {
          const grid = document.getElementById("grid");
          let blank = 0, seen = 0;
          for (let turn = 0; turn < 60; turn += 1) {
            grid.dispatchEvent(new WheelEvent("wheel", { deltaY: 240, bubbles: true, cancelable: true }));
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            const box = grid.getBoundingClientRect();
            const lines = [...grid.querySelectorAll(".line")].map((line) => line.getBoundingClientRect());
            const top = Math.min(...lines.map((line) => line.top));
            const bottom = Math.max(...lines.map((line) => line.bottom));
            seen += 1;
            if (!lines.length || top > box.top + 33 || bottom < box.bottom - 1) blank += 1;
          }
          return { blank, seen };
        }"""
    )
    assert frames == {"blank": 0, "seen": 60}
    # To the very end by the keyboard, and back by a filter.
    page.locator("#grid").focus()
    page.keyboard.press("Control+End")
    page.locator("#grid [role=gridcell]", has_text=f"Person {ROWS - 1}").wait_for()
    page.locator("#only-problems").check()
    page.locator("#grid [role=gridcell]", has_text="nobody").first.wait_for()
    assert page.locator("#grid").get_attribute("aria-rowcount") == str(ROWS // 1000 + 1)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_the_screen_and_no_word_is_broken(running: Running, width: int):
    shutil.copy(SAMPLE, running.home)
    page = running.open(width=width)
    use_sandbox(page)
    assert overflows(page) <= 0
    base = dropped(page, SAMPLE)
    assert overflows(page) <= 0
    reviewed(page, base)
    assert overflows(page) <= 0
    page.goto(f"{base}/plan")
    expect(page.locator("#confirm")).to_be_visible()
    assert overflows(page) <= 0
    confirm(page, base)
    page.wait_for_url("**/result")
    assert overflows(page) <= 0
    assert [word for word in broken_words(page) if len(word) < 25] == []
    report = next(running.home.glob("runs/*/report.html"))
    page.goto(f"file://{report}")
    assert overflows(page) <= 0
    assert [word for word in broken_words(page) if len(word) < 25] == []
    page.get_by_role("button", name="Show these rows").first.click()
    assert page.locator("#rows tbody tr:visible").count() == 1
    page.emulate_media(media="print")
    assert overflows(page) <= 0
    page.goto(running.url)
    for path in ("/retag", "/nights"):
        page.goto(running.url + path)
        assert overflows(page) <= 0
