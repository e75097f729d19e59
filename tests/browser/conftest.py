"""A real browser, and the page as a process of its own, as a person starts it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
TIMEOUT_MS = 30_000
# Words that are broken inside: a word whose letters stand in more than one line.
_BROKEN_WORDS = """() => {
  const broken = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.parentElement.checkVisibility({ visibilityProperty: true }) || node.parentElement.closest("script, style, textarea, code, .sr")) continue;
    for (const match of node.data.matchAll(/[\\p{L}\\p{N}]+/gu)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const tops = new Set([...range.getClientRects()].filter((box) => box.width > 0).map((box) => Math.round(box.top)));
      if (tops.size > 1) broken.push(match[0]);
    }
  }
  return broken;
}"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed; .ci/run installs it")
        pytest.skip("chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@dataclass
class Running:
    """``bulk-import app``, running.

    Attributes:
        asked: Addresses that the browser asked for; all must be ours.
    """

    home: Path
    environment: dict[str, str]
    browser: Browser
    link: str = ""
    asked: list[str] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None
    _contexts: list[BrowserContext] = field(default_factory=list)

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bulk_import", "app", str(self.home), "--no-browser"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self.environment,
            cwd=self.home,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.link = self._process.stdout.readline().strip()
        assert self.link.startswith("http://127.0.0.1:"), "the page did not start"

    def write_profiles(self, text: str) -> None:
        """Write the file of accounts, which the page looks at anew each time."""
        config = Path(self.environment["XDG_CONFIG_HOME"]) / "bulk_import" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(text, "utf-8")
        config.chmod(0o600)

    def kill(self) -> None:
        """As a power cut does."""
        self.stop(signal.SIGKILL)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(30)
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def url(self) -> str:
        return self.link.split("/?")[0]

    @property
    def database(self) -> Path:
        """Of the built-in sandbox: what arrived, counted on the server's side."""
        return self.home / "imports" / "sandbox.sqlite3"

    def contacts(self) -> dict[str, Any]:
        lines = self._read("select email, fields, tags from contact")
        return {
            email: SimpleNamespace(fields=json.loads(fields), tags=tuple(json.loads(tags)))
            for email, fields, tags in lines
        }

    def sent(self) -> int:
        return int(self._read("select count(*) from request where method = 'addupdatelead'")[0][0])

    def _read(self, query: str) -> list[tuple[Any, ...]]:
        """Ask without a lock that the sandbox, which answers requests meanwhile, would wait for."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20)) as db:
            return db.execute(query).fetchall()

    def open(self, *, width: int = 1280, locale: str = "en-US") -> Page:
        """A new browser that opens the link."""
        context = self.browser.new_context(viewport={"width": width, "height": 900}, locale=locale)
        self._contexts.append(context)
        page = self.tab(context)
        page.goto(self.link)
        return page

    def tab(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
        page.on("dialog", lambda dialog: dialog.accept())
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self.stop()


@pytest.fixture
def running(browser: Browser, tmp_path: Path) -> Iterator[Running]:
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith("INFLUENCERSOFT_")
    }
    environment |= {
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "HOME": str(tmp_path),
    }
    started = Running(home, environment, browser)
    started.start()
    try:
        yield started
        ours = ("http://127.0.0.1:", "file:///", "blob:", "data:")
        foreign = [url for url in started.asked if not url.startswith(ours)]
        assert foreign == [], "the page asked other hosts"
    finally:
        started.close()


def drop(page: Page, selector: str, path: Path) -> None:
    """Drop a file as a person does."""
    packed = base64.b64encode(path.read_bytes()).decode()
    given = page.evaluate_handle(
        """([packed, name]) => {
          const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
          const given = new DataTransfer();
          given.items.add(new File([bytes], name));
          return given;
        }""",
        [packed, path.name],
    )
    page.dispatch_event(selector, "drop", {"dataTransfer": given})


def until(holds: Callable[[], Any], what: str, *, seconds: float = 60) -> Any:
    """Wait until something holds; a policy without eval forbids wait_for_function."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")


def violations(page: Page) -> list[str]:
    """What axe finds on the page."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def broken_words(page: Page) -> list[str]:
    """Words of the page that are broken inside."""
    return page.evaluate(_BROKEN_WORDS)


def overflows(page: Page) -> int:
    """How many pixels the page is wider than the screen."""
    return page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
